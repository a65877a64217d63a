"""What slow writes do to a member's points. Only flows call these: nobody waits for them in a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domains.loyalty.model import LoyaltyLedgerEntry, LoyaltyRedemption
from domains.vocabulary import (
    Fetch,
    IdempotencyKey,
    MembershipId,
    Money,
    OrderId,
    PointsAmount,
    Record,
    RedemptionId,
)


class Accrual(Record, frozen=True, kw_only=True):
    """Points to be earned by an order: the engine counts them from `basis`, what is paid for the goods."""

    membership_id: MembershipId
    order_id: OrderId
    basis: Money


class AccrualReversal(Record, frozen=True, kw_only=True):
    """Earned points to be taken back because goods of `basis` come back, or are not sold after all.

    `reference` names the return or the cancellation, as a public id: one reversal for each.
    """

    order_id: OrderId
    reference: str
    basis: Money


class PointsMovement(Record, frozen=True, kw_only=True):
    """`points`, more than 0, to be taken from a membership or given to it. `reference` is the public id of why."""

    membership_id: MembershipId
    points: PointsAmount
    reference: str
    order_id: OrderId | None = None


@dataclass(frozen=True)
class PointsMovements:
    """The ledger of an engine that cannot hold points: `debit` takes what is available, `credit` gives it back.

    Both post one entry, found by its key among `LoyaltyWrites.entries`. They raise UpstreamRejected when the engine
    says no; `reason` is then one of INSUFFICIENT_POINTS, MEMBERSHIP_NOT_FOUND, IDEMPOTENCY_CONFLICT.
    """

    debit: Callable[[PointsMovement, IdempotencyKey], Awaitable[LoyaltyLedgerEntry]]
    credit: Callable[[PointsMovement, IdempotencyKey], Awaitable[LoyaltyLedgerEntry]]


@dataclass(frozen=True)
class LoyaltyWrites:
    """All raise UpstreamRejected when the engine says no; `reason` is then one of REDEMPTION_NOT_FOUND,
    MEMBERSHIP_NOT_FOUND, ACCRUAL_NOT_FOUND, ILLEGAL_TRANSITION, IDEMPOTENCY_CONFLICT.

    `capture` spends held points, `reverse` gives captured ones back. `accrue` notes a PENDING entry, `finalise` posts
    what the order earned, `take_back` posts a REVERSAL of the share that `basis` earned (pending points lessen
    without one), `restore` undoes a `take_back` by its order and reference. `entries` finds what was written
    under an idempotency key: the engine's own ledger says whether an unheard write was done.
    """

    capture: Callable[[RedemptionId, IdempotencyKey], Awaitable[LoyaltyRedemption]]
    reverse: Callable[[RedemptionId, IdempotencyKey], Awaitable[LoyaltyRedemption]]
    accrue: Callable[[Accrual, IdempotencyKey], Awaitable[LoyaltyLedgerEntry]]
    finalise: Callable[[OrderId, IdempotencyKey], Awaitable[LoyaltyLedgerEntry]]
    take_back: Callable[[AccrualReversal, IdempotencyKey], Awaitable[LoyaltyLedgerEntry]]
    restore: Callable[[AccrualReversal, IdempotencyKey], Awaitable[LoyaltyLedgerEntry]]
    entries: Fetch[str, LoyaltyLedgerEntry]
