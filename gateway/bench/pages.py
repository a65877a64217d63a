"""The documents that are measured: what a shop's pages ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.bench.house import SHOPPERS

LISTED = 24


@dataclass(frozen=True, slots=True)
class Page:
    """One document, and the audience whose callers ask it."""

    name: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    audience: str = "associate"


AT_ONCE = 100
"""As many SKUs as one field takes; a longer list is several fields."""


def list_of(number: int) -> Page:
    """A list of so many products, each with its price and three places that have it."""
    skus = [f"SKU-{place:05}" for place in range(1, number + 1)]
    parts = {f"skus{place}": skus[place : place + AT_ONCE] for place in range(0, number, AT_ONCE)}
    fields = " ".join(f"{name.replace('skus', 'part')}: products(skus: ${name}) {{ ...Shown }}" for name in parts)
    variables = ", ".join(f"${name}: [String!]!" for name in parts)
    return Page(f"list of {number}", f"query List({variables}) {{ {fields} }} {_SHOWN}", dict(parts))


_SHOWN = """fragment Shown on Product { sku name category listPrice { amount currencyCode }
  availability(locations: ["store-001", "store-002", "store-003"]) { status availableToPromise } }"""

PAGES = (
    Page("one name", '{ product(sku: "SKU-00001") { name } }'),
    Page(
        "product page",
        """query Product($sku: String!) { product(sku: $sku) { sku name description category listPrice { amount
             currencyCode } availability(locations: ["store-001", "store-002", "store-003"]) { status
             availableToPromise location { name } freshness { tier } } } }""",
        {"sku": "SKU-00001"},
    ),
    list_of(LISTED),
    Page(
        "account",
        f"""{{ customer(id: "{SHOPPERS[0]}") {{ displayName email segments
             loyalty {{ tier {{ name }} balance {{ available {{ value }} pending {{ value }} }} }}
             orders(first: 10) {{ nodes {{ orderNumber status placedAt total {{ amount currencyCode }}
               lines {{ sku name quantity {{ ordered }} unitPrice {{ amount }} }}
               fulfillments {{ status shipments {{ carrier trackingNumber }} }} }} }} }} }}""",
    ),
    Page(
        "checkout",
        """query Checkout($skus: [String!]!, $lines: [AvailabilityLineInput!]!) {
             products(skus: $skus) { sku name taxCode listPrice { amount currencyCode } }
             availability(lines: $lines, fulfillment: SHIPPING) { sku fulfillable best { status availableToPromise
               freshness { tier } } }
             me { displayName loyalty { id balance { available { value } } } } }""",
        {
            "skus": [f"SKU-{place:05}" for place in range(1, 5)],
            "lines": [{"sku": f"SKU-{place:05}", "quantity": "1"} for place in range(1, 5)],
        },
        "storefront",
    ),
)
