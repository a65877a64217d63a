"""Points that were set aside, and the orders that spent them, as real databases have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, update

from domains.durable import Done, Outcome, Step, Submission, Task, Workflow
from domains.loyalty import Loyalty, LoyaltyRedemption, RedemptionState
from domains.vocabulary import (
    FreshnessTier,
    MembershipId,
    PointsAmount,
    Reading,
    Record,
    RedemptionId,
    RewardCurrency,
    SystemRole,
)
from gateway.durable import open_journal
from gateway.durable.tables import flows
from gateway.reconcile import Redemptions, Turns
from tests.gateway.durable.shop import POLICY


class Order(Record, frozen=True, kw_only=True):
    """As much of an order's submission as is looked at."""

    id: str
    redemption_id: str | None = None


async def _taken(_: Task[Order]) -> Outcome:
    return Done()


SUBMIT = Workflow(
    kind="order.submit",
    command=Order,
    steps=(Step(name="take-order", system=SystemRole.OMS, wants="to be taken", do=_taken),),
    subject=lambda order: f"Order:{order.id}",
    title=lambda order: f"order {order.id}",
)


async def _captured(ids: frozenset[RedemptionId], /) -> Mapping[RedemptionId, Reading[LoyaltyRedemption]]:
    """An engine whose points are all spent."""
    points = PointsAmount(value=Decimal(100), currency=RewardCurrency(code="PTS", name="points"))
    return {
        id_: Reading(
            LoyaltyRedemption(id=id_, membership_id=MembershipId("m"), state=RedemptionState.CAPTURED, points=points),
            "loyalty:test",
            FreshnessTier.LIVE,
            0.0,
            0.0,
        )
        for id_ in ids
    }


async def test_spent_points_have_an_order_that_was_not_given_up(url: str) -> None:
    """Of three redemptions that the engine calls spent, one has its order, one an order that was given up, and one
    none: the last two do not agree, whatever else was ordered."""
    ports: Any = dict.fromkeys((field.name for field in fields(Loyalty)), _captured)
    orders = {"kept": "red-1", "given-up": "red-2", "paid": None, "other": "red-9"}
    async with open_journal(url, [SUBMIT], POLICY) as journal:

        def submitted(connection: Connection) -> None:
            for id_, redemption in orders.items():
                command = Order(id=id_, redemption_id=redemption)
                submission = Submission(flow_id=id_, kind="order.submit", command=command, correlation_id="c")
                journal.take(connection, submission, caller="login:ada")
            connection.execute(update(flows).where(flows.c.id == "given-up").values(state="COMPENSATED"))

        await journal.write(submitted)
        compared = await Redemptions(journal, Turns(journal, 1000.0), Loyalty(**ports)).again(
            [f"LoyaltyRedemption:red-{number}" for number in (1, 2, 3)]
        )
    assert {one.key: [wrong.found for wrong in one.mismatches] for one in compared} == {
        "LoyaltyRedemption:red-1": [],
        "LoyaltyRedemption:red-2": ["nothing"],
        "LoyaltyRedemption:red-3": ["nothing"],
    }
