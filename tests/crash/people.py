"""Who orders and returns: customers whose accounts are open, guests, and the clerk of a store."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from domains.sandbox.world import World, build_world, delivered_at
from domains.sandbox.world.world import WorldSize

CLERK = "clerk"
PRODUCTS = 60
SHOPPERS = 40
POINTS_LEAST = 2_000
_LATER = timedelta(hours=2)
_CLOSED = frozenset({"BLOCKED", "CREDIT_HOLD", "ERASED"})
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shopper:
    """A customer with points to spend. `rank` is that of the tier, which multiplies what is earned."""

    customer: str
    membership: str
    rank: int

    @property
    def token(self) -> str:
        return f"shopper-{self.customer}"


@dataclass(frozen=True, slots=True)
class Bought:
    """A line of an order that was delivered before the test began, and may come back. `earned` are the points of the
    whole order, of which nothing has come back; None for a guest's."""

    order_id: str
    line_id: str
    customer: str | None
    membership: str | None
    paid: Decimal
    earned: Decimal | None


class People:
    """Everybody, out of the world that the sandbox is made of."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._world = build_world(1, now, WorldSize(products=PRODUCTS))
        self._members = {row["customerId"]: row for row in self._world.memberships.values()}
        self.shoppers = self._shoppers()
        self.skus = self._skus()
        self._shelf = self._bought()

    def take(self, count: int, *, earned: bool = False) -> list[Bought]:
        """So many lines that nobody has taken before; with `earned` of orders that earned points."""
        taken = [one for one in self._shelf if one.earned or not earned][:count]
        assert len(taken) == count, f"{len(taken)} of {count} lines are left"
        self._shelf = [one for one in self._shelf if one not in taken]
        return taken

    def identity(self) -> str:
        """Their tokens, as settings."""
        tokens = [(shopper.token, f'customer = "{shopper.customer}"') for shopper in self.shoppers]
        tokens.append((CLERK, 'audience = "associate"\nstore = "store-007"'))
        return '[identity.anonymous]\naudience = "storefront"\n' + "".join(
            f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
            for name, who in tokens
        )

    def _shoppers(self) -> list[Shopper]:
        """Of those whose orders the ERP would post."""
        found = []
        for customer, member in self._members.items():
            entries = (row for row in self._world.ledger[member["id"]] if row["status"] == "POSTED")
            points = sum((Decimal(row["points"]["value"]) for row in entries), Decimal(0))
            closed = self._world.accounts.get(customer, {}).get("status") in _CLOSED
            if not closed and points >= POINTS_LEAST:
                found.append(Shopper(customer, member["id"], member["tier"]["rank"]))
        assert len(found) >= SHOPPERS
        return found[:SHOPPERS]

    def _skus(self) -> list[str]:
        """What lies everywhere and may come back."""
        policies = self._world.return_policies
        found = [sku for sku in list(self._world.products)[:24] if _may_come_back(policies.get(sku))]
        return [sku for sku in found if policies[sku]["windowDays"] is None or policies[sku]["windowDays"] > 1]

    def _bought(self) -> list[Bought]:
        """One line of each order of which nothing has come back, or been asked to."""
        touched = {row["orderId"] for row in self._world.returns.values()}
        whole = [row for row in self._world.orders.values() if row["id"] not in touched]
        lines = (self._returnable(order) for order in whole)
        return [line for line in lines if line is not None]

    def _returnable(self, order: Row) -> Bought | None:
        for line in order["lines"]:
            policy = self._world.return_policies.get(line["sku"])
            at = delivered_at(order, line["id"])
            if policy is None or not _may_come_back(policy) or at is None or not Decimal(line["fulfilled"]):
                continue
            days = policy["windowDays"]
            if days is not None and datetime.fromisoformat(at) + timedelta(days=days) < self._now + _LATER:
                continue
            member = self._members.get(order["customerId"])
            return Bought(
                order_id=order["id"],
                line_id=line["id"],
                customer=order["customerId"],
                membership=None if member is None else member["id"],
                paid=Decimal(order["total"]["amount"]),
                earned=_earned(self._world, order, member),
            )
        return None


def _may_come_back(policy: Row | None) -> bool:
    """In both ways that are tried."""
    if policy is None or policy["finalSale"]:
        return False
    return not policy["methods"] or {"RETURN_BY_MAIL", "RETURN_IN_STORE"} <= set(policy["methods"])


def _earned(world: World, order: Row, member: Row | None) -> Decimal | None:
    if member is None:
        return None
    entries = (row for row in world.ledger[member["id"]] if row["orderId"] == order["id"] and row["type"] == "ACCRUAL")
    entry = next(entries, None)
    return None if entry is None else Decimal(entry["points"]["value"])


def present() -> datetime:
    return datetime.now(UTC)
