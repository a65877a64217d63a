"""The world: every fact the four services start from, made from a seed and a day."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import orjson

from domains.sandbox.world.books import Postings, build_ledgers
from domains.sandbox.world.catalogue import build_policies, build_products
from domains.sandbox.world.offers import RULE_VERSION, build_offers
from domains.sandbox.world.people import build_accounts, build_customers
from domains.sandbox.world.places import build_locations
from domains.sandbox.world.points import Points, build_program
from domains.sandbox.world.returns import Returns
from domains.sandbox.world.rows import Row
from domains.sandbox.world.sales import Sales
from domains.sandbox.world.shelves import Shelf, build_stock


@dataclass(frozen=True)
class WorldSize:
    """How many of what. The first of each kind are the same at every size that holds them."""

    products: int = 2000
    stores: int = 40
    centres: int = 4
    customers: int = 1000
    members: int = 850
    orders: int = 5000
    returns: int = 600


SMALL = WorldSize(products=120, stores=8, centres=4, customers=40, members=34, orders=240, returns=40)
"""Large enough for most states to occur, small enough to be built for a single test."""


@dataclass(frozen=True)
class World:
    """Rows of the open contracts by native id. The services change them; build another world to start over.

    `day` is the midnight (UTC) that all times were counted from. `ledger` holds entries oldest first. `promotions` are
    rules, described in `offers`, in the order in which they are tried.
    """

    seed: int
    day: datetime
    products: dict[str, Row]
    locations: dict[str, Row]
    stock: dict[Shelf, Row]
    return_policies: dict[str, Row]
    customers: dict[str, Row]
    accounts: dict[str, Row]
    program: Row
    memberships: dict[str, Row]
    ledger: dict[str, list[Row]]
    redemptions: dict[str, Row]
    orders: dict[str, Row]
    order_points: dict[str, Row]
    returns: dict[str, Row]
    order_ledgers: dict[str, Row]
    postings: dict[tuple[str, str], Row]
    promotions: dict[str, Row]
    rule_version: str = RULE_VERSION

    def digest(self) -> str:
        """SHA-256 over everything, members in the order they were made: equal worlds have equal digests."""
        digest = hashlib.sha256()
        for field in fields(self):
            value = getattr(self, field.name)
            digest.update(orjson.dumps(list(value.items()) if isinstance(value, dict) else value))
        return digest.hexdigest()


def build_world(seed: int, now: datetime, size: WorldSize | None = None) -> World:
    """The world of `seed` on the day (UTC) of `now`: byte for byte the same on every call of that day."""
    size = size or WorldSize()
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    products = build_products(seed, size.products)
    policies = build_policies(seed, products)
    locations = build_locations(size.stores, size.centres)
    customers = build_customers(seed, day, size.customers, size.members)
    orders = Sales(seed, day, products, locations, customers).orders(size.orders)
    returns = Returns(seed, day, policies, orders).build(size.returns)
    points = Points(seed, day, orders, returns)
    for number in range(1, size.members + 1):
        points.enrol(number)
    postings = Postings(seed, day)
    postings.add_orders(orders)
    postings.add_returns(returns)
    return World(
        seed=seed,
        day=day,
        products=products,
        locations=locations,
        stock=build_stock(seed, day, products, locations, orders),
        return_policies=policies,
        customers=customers,
        accounts=build_accounts(seed, customers),
        program=build_program(),
        memberships=points.memberships,
        ledger=points.ledger,
        redemptions=points.redemptions,
        orders=orders,
        order_points=points.order_points,
        returns=returns,
        order_ledgers=build_ledgers(orders, returns),
        postings=postings.rows,
        promotions=build_offers(day),
    )
