"""The documents that are measured: what a shop's pages ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SKUS = [f"SKU-{number:05}" for number in range(1, 25)]


@dataclass(frozen=True)
class Page:
    name: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict)


PAGES = (
    Page("one name", '{ product(sku: "SKU-00001") { name } }'),
    Page(
        "product page",
        """query Product($sku: String!) { product(sku: $sku) { sku name description category listPrice { amount
             currencyCode } availability(locations: ["store-001", "store-002", "store-003"]) { status
             availableToPromise location { name } freshness { tier } } } }""",
        {"sku": "SKU-00001"},
    ),
    Page(
        "list of 24",
        """query List($skus: [String!]!) { products(skus: $skus) { sku name category listPrice { amount currencyCode }
             availability(locations: ["store-001", "store-002", "store-003"]) { status availableToPromise } } }""",
        {"skus": SKUS},
    ),
    Page(
        "account",
        """{ customer(id: "cust-00001") { displayName email segments
             loyalty { tier { name } balance { available { value } pending { value } } }
             orders(first: 10) { nodes { orderNumber status placedAt total { amount currencyCode }
               lines { sku name quantity { ordered } unitPrice { amount } }
               fulfillments { status shipments { carrier trackingNumber } } } } } }""",
    ),
)
