"""What follows from the flows of an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from domains.durable import OVER, FlowState
from domains.flows import CancelOrder, SubmitOrder
from domains.loyalty import LedgerEntryType, LoyaltyLedgerEntry
from domains.orders import OrderDraftLine
from domains.vocabulary import Sku
from gateway.durable.rows import Kept
from gateway.reconcile.history import done, newest_done, reference, result
from gateway.reconcile.order_comparison import OrderExpected

SUBMIT, CANCEL, SHIPPED = "order.submit", "order.cancel", "order.shipped"
KINDS = (SUBMIT, CANCEL, SHIPPED)

_GIVEN_UP = frozenset({FlowState.COMPENSATED, FlowState.CANCELED})


def submission_of(history: Sequence[Kept]) -> Kept | None:
    """The flow that submitted the order; None when it is forgotten, or there was none."""
    return next((kept for kept in history if kept.kind == SUBMIT), None)


def expected_of(subject: str, history: Sequence[Kept]) -> OrderExpected | None:
    """What must be found of the order `subject`; None when nothing follows from what is remembered."""
    if any(kept.kind == CANCEL and kept.standing.state is FlowState.CANCELED for kept in history):
        return None  # a person broke the cancellation off, and put the rest right by hand
    submission, cancellation = submission_of(history), newest_done(history, CANCEL)
    if submission is None:
        if cancellation is None:
            return None
        canceled = msgspec.json.decode(cancellation.command, type=CancelOrder)
        return OrderExpected(key=subject, stands=False, remembered=False, redemption_id=canceled.redemption_id)
    command = msgspec.json.decode(submission.command, type=SubmitOrder)
    shipping = newest_done(history, SHIPPED)
    return OrderExpected(
        key=subject,
        stands=cancellation is None and submission.standing.state not in _GIVEN_UP,
        taken=done(submission, "take-order"),
        lines=_summed(command.lines),
        total=command.total,
        redeemed=command.redeemed,
        redemption_id=command.redemption_id,
        document=reference(submission, "post-sales-order"),
        accrued=reference(submission, "accrue-points") is not None,
        shipped=shipping is not None and reference(shipping, "finalise-accrual") is not None,
        captured=done(submission, "capture-points"),
    )


def written_keys(history: Sequence[Kept]) -> Mapping[str, str]:
    """Under which keys the engine's ledger has what the order earned, spent and gave back: accrual, capture, back."""
    submission, cancellation = submission_of(history), newest_done(history, CANCEL)
    keys: dict[str, str] = {}
    if submission is not None:
        keys = {
            "accrual": f"{submission.id}:accrue-points",
            "capture": f"{submission.id}:capture-points",
            "back": f"{submission.id}:accrue-points:undo",
        }
    return keys if cancellation is None else keys | {"back": f"{cancellation.id}:take-back-points"}


def points_heard(submission: Kept, returning: Iterable[Kept]) -> Decimal | None:
    """What the engine answered when the order's accrual was last changed, by its submission or the flows of its
    returns; None when nobody can know."""
    first = result(submission, "accrue-points", LoyaltyLedgerEntry)
    if first is None:
        return None
    newest, at = first.points.value, submission.standing.mark("accrue-points").finished_at or 0.0
    for kept in returning:
        if kept.standing.state not in OVER or kept.standing.state in _GIVEN_UP:
            return None
        for step in ("reverse-points", "restore-points"):
            entry = result(kept, step, LoyaltyLedgerEntry)
            changed_at = kept.standing.mark(step).finished_at or 0.0
            if entry is not None and entry.type is LedgerEntryType.ACCRUAL and changed_at >= at:
                newest, at = entry.points.value, changed_at
    return newest


def _summed(lines: Iterable[OrderDraftLine]) -> Mapping[Sku, Decimal]:
    summed: dict[Sku, Decimal] = {}
    for line in lines:
        summed[line.sku] = summed.get(line.sku, Decimal(0)) + line.quantity
    return summed
