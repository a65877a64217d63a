"""Callers with limits and documents of several kinds, in front of a gateway that keeps to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.running import Asked, Json, gateway_running

ADA, BOB, CLERK, ACME, GLOBEX, PHONE, PROBE = "ada", "bob", "clerk", "acme", "globex", "phone", "probe"
BILLS = 'scopes = ["finance:read"]'
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
    for name, who in (
        (ADA, f'customer = "cust-00001"\n{BILLS}'),
        (BOB, f'customer = "cust-00002"\n{BILLS}'),
        (CLERK, 'audience = "associate"\nstore = "store-007"\nscopes = ["pii:read"]'),
        (ACME, f'audience = "partner/marketplace"\nchannel = "WEB"\n{BILLS}'),
        (GLOBEX, f'audience = "partner/marketplace"\nchannel = "WEB"\n{BILLS}'),
        (PHONE, f'audience = "mobile"\ncustomer = "cust-00003"\n{BILLS}'),
        (PROBE, 'audience = "operations"'),
    )
)
LIMITS = """[audiences.limits."partner/marketplace"]
budget_per_min = { erp = 3, oms = 8 }
cost_max = { oms = 5 }
items_max = 300
[audiences.limits.mobile]
documents = "trusted"
[audiences.limits.operations]
requests_per_s = 0.01
burst = 2
[cache]
enabled = false
"""
BOOKS = """# path: BROWSE
query Books($number: String!, $email: String!) {
  orderByNumber(orderNumber: $number, email: $email) { orderNumber ...Sums }
}
"""
SUMS = "fragment Sums on Order { financialSummary { invoiced { amount } } }\n"
DESK = """# path: SERVICE
query Desk { me { orders(first: 1) { nodes { financialSummary { paid { amount } } } } } }
"""
HOME = 'query Home { product(sku: "SKU-00001") { name } }'
STOCK = 'query Stock { product(sku: "SKU-00001") { availability { status } } }'
ANYBODY = '[identity.anonymous]\naudience = "associate"\ncustomer = "cust-00001"\n'
GRAPHQL = {"Accept": "application/graphql-response+json"}


def written(folder: Path) -> Path:
    """The trusted documents: files, and a manifest beside them."""
    for name, text in (("books", BOOKS), ("sums", SUMS), ("desk", DESK)):
        (folder / f"{name}.graphql").write_text(text)
    (folder / "web.json").write_text(json.dumps({"home-1": HOME}))
    return folder


@contextmanager
def limited(systems: Mapping[str, str], folder: Path) -> Iterator[Asked]:
    """A gateway that remembers no answers, so that what is asked is paid; its documents are in `folder`."""
    named = f'[documents]\ndirectory = "{folder}"\nmanifests = ["{written(folder) / "web.json"}"]\n'
    with gateway_running(systems, folder, TOKENS + LIMITS + named, ANYBODY) as running:
        yield running


def sent(asked: Asked, who: str | None = None, headers: dict[str, str] | None = None, **body: object) -> httpx.Response:
    authorization = {} if who is None else {"Authorization": f"Bearer {who}"}
    return asked.http.post("/graphql", json=body, headers=authorization | (headers or {}))


def error(answer: httpx.Response) -> Json:
    (told,) = answer.json()["errors"]
    assert isinstance(told, dict)
    return told


def orders_of(asked: Asked, count: int) -> list[Json]:
    """Numbers and emails of orders of the web shop, as whoever serves customers sees them."""
    found = asked.data(
        'query { customer(id: "cust-00001") { email orders(first: 100) { nodes { orderNumber channel } } } }',
        token=CLERK,
    )["customer"]
    orders = [order for order in found["orders"]["nodes"] if order["channel"] == "WEB"]
    assert len(orders) >= count
    return [{"number": order["orderNumber"], "email": found["email"]} for order in orders[:count]]
