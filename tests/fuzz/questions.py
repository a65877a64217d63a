"""Random documents: what belongs to somebody beside what belongs to nobody, one's own ids beside those of others."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domains.sandbox.world.world import World
from tests.fuzz.people import CUSTOMERS

OF_EACH = 4
MONEY = "{ amount currencyCode }"
POINTS = "{ value currency { code } }"


@dataclass(frozen=True)
class Question:
    """One document. `private` are the names in its answer under which things stand that belong to somebody."""

    text: str
    private: frozenset[str]

    @property
    def body(self) -> bytes:
        return json.dumps({"query": self.text}).encode()


Fields = tuple[str, ...]
_PRODUCT: Fields = (
    "sku",
    "name",
    "category",
    f"listPrice {MONEY}",
    "taxCode",
    "unit",
    "returnPolicy { windowDays }",
    'availability(locations: ["store-001", "store-007"]) { sku location { id name } }',
)
_PLACE: Fields = ("id", "name", "type", "timeZone", "address { city postalCode }")
_ORDER: Fields = (
    "id",
    "orderNumber",
    "channel",
    "status",
    "financialStatus",
    f"total {MONEY}",
    "placedAt",
    "customer { id displayName email phone }",
    "lines { sku name product { name } quantity { ordered } }",
    "returns { id rmaNumber status }",
    "returnableLines { quantity notReturnable }",
    f"loyalty {{ earned {POINTS} }}",
    "fulfillments { status location { name } }",
    "externalIds { system value }",
    "flow { id state }",
)
_BOOKS: Fields = (f"financialSummary {{ invoiced {MONEY} }}", "erpPosting { state documentNumber }")
_MEMBER: Fields = (
    "id",
    "number",
    "tier { code }",
    f"balance {{ available {POINTS} held {POINTS} }}",
    f"ledger(first: 3) {{ nodes {{ id points {POINTS} order {{ id orderNumber }} }} }}",
    "redemptions(first: 3) { nodes { id state } }",
    "program { name }",
)
_CUSTOMER: Fields = (
    "id",
    "displayName",
    "email",
    "phone",
    "segments",
    "consents { channel state }",
    "externalIds { system value }",
    "orders(first: 3) { nodes { id orderNumber status } }",
    "returns(first: 3) { nodes { id rmaNumber } }",
    "loyalty { id number tier { code } }",
)
_RETURN: Fields = (
    "id",
    "rmaNumber",
    "status",
    "provisional",
    f"estimatedRefund {MONEY}",
    "authorizedAt { id name }",
    "order { id orderNumber customer { id email } }",
    "lines { id reason note }",
    "flow { id }",
)


class Pools:
    """Ids of things that belong to the customers of the fuzz, and how to ask for them."""

    def __init__(self, world: World) -> None:
        theirs = {
            one: [row for row in world.orders.values() if row["customerId"] == one][:OF_EACH] for one in CUSTOMERS
        }
        self.orders = [row for rows in theirs.values() for row in rows]
        ids = {row["id"] for row in self.orders}
        all_of = {row["id"] for row in world.orders.values() if row["customerId"] in CUSTOMERS}
        self.returns = [row for row in world.returns.values() if row["orderId"] in all_of][: 4 * OF_EACH]
        self.orders += [world.orders[row["orderId"]] for row in self.returns if row["orderId"] not in ids]
        self.members = [id_ for id_ in world.memberships if id_ in {f"mem-{one[5:]}" for one in CUSTOMERS}]
        self.emails = [world.customers[one]["email"] for one in CUSTOMERS]


Root = Callable[[random.Random, Pools], tuple[str, Fields]]


def _one(name: str, argument: str, pick: Callable[[random.Random, Pools], str], fields: Fields) -> Root:
    return lambda dice, pools: (f"{name}({argument}: {json.dumps(pick(dice, pools))})", fields)


def _by_number(dice: random.Random, pools: Pools) -> tuple[str, Fields]:
    """With the proof that belongs to it, with somebody else's, or with none."""
    order, other = dice.choice(pools.orders), dice.choice(pools.orders)
    proof: Mapping[str, Any] = dice.choice(
        ({}, {"email": order["email"]}, {"postalCode": order["postalCode"]}, {"email": other["email"]})
    )
    given = {"orderNumber": order["orderNumber"], **{key: value for key, value in proof.items() if value}}
    said = ", ".join(f"{key}: {json.dumps(value)}" for key, value in given.items())
    return f"orderByNumber({said})", _ORDER


def _node(dice: random.Random, pools: Pools) -> tuple[str, Fields]:
    kind, id_, fields = dice.choice(
        [
            ("Order", dice.choice(pools.orders)["id"], _ORDER),
            ("Customer", dice.choice(CUSTOMERS), _CUSTOMER),
            ("LoyaltyMembership", dice.choice(pools.members), _MEMBER),
            ("ReturnAuthorization", dice.choice(pools.returns)["id"], _RETURN),
        ]
    )
    chosen = " ".join(dice.sample(fields, dice.randint(1, 4)))
    return f"node(id: {json.dumps(f'{kind}:{id_}')})", (f"... on {kind} {{ {chosen} }}",)


def _entity(dice: random.Random, pools: Pools) -> tuple[str, Fields]:
    head, fields = _node(dice, pools)
    kind, _, id_ = head.removeprefix('node(id: "').removesuffix('")').partition(":")
    return f'_entities(representations: [{{__typename: "{kind}", id: "{id_}"}}])', fields


PUBLIC: tuple[Root, ...] = (
    _one("product", "sku", lambda dice, _: f"SKU-{dice.randint(1, 30):05}", _PRODUCT),
    _one("location", "id", lambda dice, _: f"store-{dice.randint(1, 9):03}", _PLACE),
    lambda _, __: ("loyaltyProgram", ("id", "name", "tiers { code }")),
)
PRIVATE: tuple[Root, ...] = (
    lambda _, __: ("me", _CUSTOMER),
    _one("customer", "id", lambda dice, _: dice.choice(CUSTOMERS), _CUSTOMER),
    _one("customer", "email", lambda dice, pools: dice.choice(pools.emails), _CUSTOMER),
    _one("order", "id", lambda dice, pools: dice.choice(pools.orders)["id"], _ORDER),
    _one("order", "id", lambda dice, pools: dice.choice(pools.orders)["id"], (*_ORDER, *_BOOKS)),
    _one("returnAuthorization", "id", lambda dice, pools: dice.choice(pools.returns)["id"], _RETURN),
    _one("returnAuthorization", "rmaNumber", lambda dice, pools: dice.choice(pools.returns)["rmaNumber"], _RETURN),
    _by_number,
    _node,
    _entity,
)


def question(dice: random.Random, pools: Pools) -> Question:
    """One to three roots, each with some of its fields; a quarter of them belongs to nobody alone."""
    public_only = dice.random() < 0.25
    roots = [dice.choice(PUBLIC if public_only or dice.random() < 0.3 else PRIVATE) for _ in range(dice.randint(1, 3))]
    parts, private = [], set()
    for number, root in enumerate(roots):
        head, fields = root(dice, pools)
        chosen = " ".join(dice.sample(fields, dice.randint(1, min(4, len(fields)))))
        parts.append(f"r{number}: {head} {{ {chosen} }}")
        private |= {f"r{number}"} if root in PRIVATE else set()
    return Question(f"{{ {' '.join(parts)} }}", frozenset(private))
