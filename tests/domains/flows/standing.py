"""An order on its way, and what all systems say of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from domains.finance import PostingKey, PostingSubject
from domains.flows import CancelOrder, SubmitOrder, cancellation_workflow, submission_workflow
from domains.loyalty import RedemptionState
from domains.orders import OrderDraftLine, OrderStatus, status_of
from domains.vocabulary import OrderId
from tests.domains.flows.books import Books
from tests.domains.flows.goods import ADA, MEMBER, REDEMPTION, RESERVATION, SHIRT, SOCKS, euros
from tests.domains.flows.runner import NOON, Fault, Ran, run

ORDER = OrderId("web-000000000000001")
POSTING = PostingKey(PostingSubject.ORDER, ORDER)
LOST = [Fault.NOT_SENT, Fault.UNHEARD, Fault.ANSWER_LOST, Fault.DIED_BEFORE, Fault.DIED_AFTER]


def submission(**changes: Any) -> SubmitOrder:
    whole = SubmitOrder(
        order_id=ORDER,
        order_number="W000000000001",
        customer_id=ADA,
        channel="WEB",
        lines=(
            OrderDraftLine(sku=SHIRT, quantity=Decimal(2), unit_price=euros("10.00")),
            OrderDraftLine(sku=SOCKS, quantity=Decimal(3), unit_price=euros("5.00")),
        ),
        total=euros("35.00"),
        redeemed=euros("5.00"),
        reservation_id=RESERVATION,
        redemption_id=REDEMPTION,
        membership_id=MEMBER,
        placed_at=NOON,
    )
    return msgspec.structs.replace(whole, **changes)


def cancellation(**changes: Any) -> CancelOrder:
    whole = CancelOrder(
        order_id=ORDER,
        order_number="W000000000001",
        customer_id=ADA,
        redemption_id=REDEMPTION,
        total=euros("35.00"),
        reason="bought twice",
        requested_at=NOON,
    )
    return msgspec.structs.replace(whole, **changes)


def standing(books: Books) -> dict[str, object]:
    """What every system says of the order."""
    order, posting = books.orders.get(ORDER), books.postings.get(POSTING)
    return {
        "order": None if order is None else status_of(order.facts),
        "points": books.redemptions[REDEMPTION].state,
        "posted": posting is not None and posting.reversed_at is None,
        "earns": ORDER in books.earned and not books.taken_back,
        "notes": [note.kind for note in books.history],
    }


TAKEN = {
    "order": OrderStatus.UNKNOWN,
    "points": RedemptionState.CAPTURED,
    "posted": True,
    "earns": True,
    "notes": ["order.submitted"],
}


def assert_given_up(books: Books) -> None:
    """Nothing of the order is left anywhere."""
    left = standing(books)
    assert left["order"] in (None, OrderStatus.CANCELED)
    assert left["points"] not in (RedemptionState.HELD, RedemptionState.CAPTURED)
    assert (left["posted"], left["earns"], left["notes"]) == (False, False, [])


def assert_nothing_twice(books: Books) -> None:
    assert all(times == 1 for times in books.effects.values()), books.effects


async def submitted(books: Books, faults: dict[str, list[Fault]] | None = None, **changes: Any) -> Ran[SubmitOrder]:
    return await run(submission_workflow(books.systems()), submission(**changes), faults)


async def canceled(books: Books, faults: dict[str, list[Fault]] | None = None, **changes: Any) -> Ran[CancelOrder]:
    return await run(cancellation_workflow(books.systems()), cancellation(**changes), faults, flow_id="flow-0002")
