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
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
    for name, who in (
        (ADA, 'customer = "cust-00001"'),
        (BOB, 'customer = "cust-00002"'),
        (CLERK, 'audience = "associate"\nstore = "store-007"'),
        (ACME, 'audience = "partner"'),
        (GLOBEX, 'audience = "partner"'),
        (PHONE, 'audience = "mobile"\ncustomer = "cust-00003"'),
        (PROBE, 'audience = "operations"'),
    )
)
LIMITS = """[limits.audiences.partner]
budget_per_min = { erp = 3, oms = 8 }
cost_max = { oms = 5 }
items_max = 300
[limits.audiences.mobile]
documents = "trusted"
[limits.audiences.operations]
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
query Desk { me { accountStatus } }
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
    """Numbers and emails of orders, as whoever serves customers sees them."""
    found = asked.data(
        'query { customer(id: "cust-00001") { email orders(first: 20) { nodes { orderNumber } } } }', token=CLERK
    )["customer"]
    orders = [{"number": order["orderNumber"], "email": found["email"]} for order in found["orders"]["nodes"]]
    return orders[:count]
