"""The documents that the load is made of, each with the systems it cannot do without."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.outage.load import Question

STOCK = """query Stock($sku: String!, $at: [ID!]!) { availability(lines: [{sku: $sku, quantity: "1"}], locations: $at) {
  fulfillable best { availableToPromise freshness { tier observedAt } } } }"""
PRODUCT = "query Product($sku: String!) { product(sku: $sku) { sku name freshness { tier } } }"
PROFILE = "query Profile($id: ID!) { customer(id: $id) { displayName freshness { tier } } }"
BALANCE = """query Balance($id: ID!) { node(id: $id) { ... on LoyaltyMembership {
  number balance { available { value } freshness { tier } } } } }"""
POSTING = "query Posting($id: ID!) { order(id: $id) { orderNumber erpPosting { state } } }"
PAGE = """query Page($sku: String!, $at: [ID!]!, $customer: ID!, $order: ID!) {
  availability(lines: [{sku: $sku, quantity: "1"}], locations: $at) { fulfillable }
  customer(id: $customer) { displayName loyalty { number } }
  order(id: $order) { orderNumber erpPosting { state } } }"""

Place = tuple[str | int, ...]
STORES = 40


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of question. `kept`: its answer is remembered.

    `places` are the systems it cannot do without, and where what is missing without each of them stands.
    """

    name: str
    kept: bool
    places: Mapping[str, Place]
    question: Callable[[int], Question]


def kinds(token: str) -> list[Kind]:
    """For each system one question whose answer is known and one that only the system can answer; a page that needs
    all of them; and a product, which needs none, because products are known ahead.

    The holder of `token` has private answers of its own; nobody else's are kept.
    """
    posting: dict[str, Place] = {"ERP": ("order", "erpPosting"), "OMS": ("order",)}
    everything: dict[str, Place] = {"ERP": (), "OMS": (), "LOYALTY": (), "CRM": ()}
    return [
        Kind("product", True, {}, lambda n: Question("", PRODUCT, {"sku": showcase(n)})),
        Kind("posting", True, posting, lambda _: Question("", POSTING, {"id": "ord-000001"}, token)),
        Kind("new posting", False, posting, lambda _: Question("", POSTING, {"id": "ord-000001"})),
        Kind("stock", True, {"OMS": ("availability", 0, "best")}, lambda n: stock(showcase(n % 4), "store-001")),
        Kind("new stock", False, {"OMS": ("availability", 0)}, lambda n: stock(unheard_of(n), "store-001")),
        Kind("balance", True, {"LOYALTY": ("node", "balance")}, lambda _: _balance(token)),
        Kind("new balance", False, {"LOYALTY": ("node",)}, lambda _: _balance(None)),
        Kind("profile", True, {"CRM": ("customer",)}, lambda _: _profile(token)),
        Kind("new profile", False, {"CRM": ("customer",)}, lambda _: _profile(None)),
        Kind("page", False, everything, _page),
    ]


def stock(sku: str, location: str) -> Question:
    return Question("stock", STOCK, {"sku": sku, "at": [location]})


def shelf(number: int) -> tuple[str, str]:
    """A product in stock and a store that has it: 960 different ones, after which they come again."""
    return showcase(number), f"store-{number // 24 % STORES + 1:03}"


def showcase(number: int) -> str:
    """One of the 24 products that are in stock everywhere."""
    return f"SKU-{number % 24 + 1:05}"


def unheard_of(number: int) -> str:
    """A product that nobody has asked for: there is none, and only its system can say so."""
    return f"NONE-{number:06}"


def _balance(token: str | None) -> Question:
    return Question("", BALANCE, {"id": "LoyaltyMembership:mem-00001"}, token)


def _profile(token: str | None) -> Question:
    return Question("", PROFILE, {"id": "cust-00001"}, token)


def _page(number: int) -> Question:
    asked = {"sku": unheard_of(number), "at": ["store-001"], "customer": "cust-00001", "order": "ord-000001"}
    return Question("", PAGE, asked)
