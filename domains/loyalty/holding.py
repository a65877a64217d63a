"""How points are held, and the holds that the gateway keeps for engines that cannot hold.

Such a hold moves no points at the engine. Only its end does: spending it is a debit there, reversing that a credit.
While a debit or credit is on its way the hold is UNKNOWN, until the engine's ledger is read by the key of that write.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from domains.loyalty.lifecycle import may_become
from domains.loyalty.model import LoyaltyBalance, LoyaltyRedemption, RedemptionState
from domains.vocabulary import Instant, PointsAmount, Record

LATE_S = 60.0
"""How long a write that was sent may still arrive. What is not in the ledger a minute after we gave up on it has been
lost: by then the connection is closed, and no engine works for an hour on one entry."""


class Holding(enum.Enum):
    """What a connector says of how its engine holds points."""

    NATIVE_LOCK = "native_lock"
    """The engine takes them out of what is available, and keeps the hold."""

    VOUCHER_RESERVE = "voucher_reserve"
    """The engine sets a voucher of their worth aside, and keeps the hold."""

    OPEN_SESSION = "open_session"
    """The engine takes points in a session that is closed with the sale, and has nothing to set aside before: the
    gateway keeps the hold."""

    DEBIT = "debit"
    """The engine only takes points and gives them back: the gateway keeps the hold."""

    @property
    def keeps_hold(self) -> bool:
        """Whether the engine keeps the hold. Where it does not, the gateway does."""
        return self in (Holding.NATIVE_LOCK, Holding.VOUCHER_RESERVE)


class Movement(Record, frozen=True, kw_only=True):
    """A debit or credit at the engine: under which key, and when it was sent last."""

    key: str
    at: Instant


class KeptHold(Record, frozen=True, kw_only=True):
    """A redemption that the gateway keeps, with the keys of what was done to it. `redemption.reference` is the hold's.

    UNKNOWN is `reversal` on its way, or without one `capture`.
    """

    redemption: LoyaltyRedemption
    voided_by: str | None = None
    capture: Movement | None = None
    reversal: Movement | None = None

    @property
    def state(self) -> RedemptionState:
        return self.redemption.state

    @property
    def on_its_way(self) -> Movement | None:
        """The movement of which nobody knows whether the engine has made it."""
        return (self.reversal or self.capture) if self.state is RedemptionState.UNKNOWN else None


@dataclass(frozen=True)
class Passage:
    """From one state to another by way of the engine, and UNKNOWN in between."""

    start: RedemptionState
    end: RedemptionState
    name: str


CAPTURE = Passage(RedemptionState.HELD, RedemptionState.CAPTURED, "capture")
REVERSAL = Passage(RedemptionState.CAPTURED, RedemptionState.REVERSED, "reversal")


def expired(kept: KeptHold, now: datetime) -> KeptHold:
    """The hold as it is at `now`: one that is still held past its time is over."""
    ends_at = kept.redemption.expires_at
    over = kept.state is RedemptionState.HELD and ends_at is not None and ends_at <= now
    return _in(kept, RedemptionState.EXPIRED) if over else kept


def voided(kept: KeptHold, key: str) -> KeptHold | None:
    """The hold given back under `key`; None when it is not held."""
    if not may_become(kept.state, RedemptionState.VOIDED) or kept.state is not RedemptionState.HELD:
        return None
    return replace(_in(kept, RedemptionState.VOIDED), voided_by=key)


def set_out(kept: KeptHold, passage: Passage, key: str, now: datetime) -> KeptHold | None:
    """The hold with its movement sent under `key`, again or for the first time; None when that may not be."""
    movement = Movement(key=key, at=now)
    if _passage(kept) == passage and kept.on_its_way is not None and kept.on_its_way.key == key:
        return replace(kept, **{passage.name: movement})
    if kept.state is not passage.start or not may_become(kept.state, RedemptionState.UNKNOWN):
        return None
    return replace(_in(kept, RedemptionState.UNKNOWN), **{passage.name: movement})


def arrived(kept: KeptHold) -> KeptHold:
    """The hold once the engine is known to have made the movement that was on its way."""
    passage = _passage(kept)
    return kept if passage is None else _in(kept, passage.end)


def looked_up(kept: KeptHold, written: bool, now: datetime) -> KeptHold:
    """The hold after a look into the engine's ledger, which has the movement on its way, or has not.

    What is not there may still come for a while; after LATE_S it never does, and things are as they were before.
    """
    passage, movement = _passage(kept), kept.on_its_way
    if passage is None or movement is None:
        return kept
    if written:
        return arrived(kept)
    if (now - movement.at).total_seconds() < LATE_S:
        return kept
    return expired(replace(_in(kept, passage.start), **{passage.name: None}), now)


def is_open(kept: KeptHold, now: datetime) -> bool:
    """Whether its points are taken off the balance that the engine states: held, or perhaps not debited yet."""
    return expired(kept, now).state is RedemptionState.HELD or _passage(kept) == CAPTURE


def spent_since(kept: KeptHold, moment: float) -> bool:
    """Whether its points were debited at `moment` (seconds since the epoch) or later, and not given back: a balance
    of that moment may not show it."""
    if kept.capture is None or kept.capture.at.timestamp() < moment:
        return False
    return kept.state is RedemptionState.CAPTURED or _passage(kept) == REVERSAL


def points_in(holds: Iterable[KeptHold]) -> Decimal:
    """How many points they hold together."""
    return sum((kept.redemption.points.value for kept in holds), Decimal(0))


def less(balance: LoyaltyBalance, held: Decimal, spent: Decimal = Decimal(0)) -> LoyaltyBalance:
    """What the engine states, less what is `held` here and what was `spent` unknown to it. It may be below zero."""
    if not held and not spent:
        return balance
    currency = balance.available.currency
    return replace(
        balance,
        available=PointsAmount(value=balance.available.value - held - spent, currency=currency),
        held=PointsAmount(value=balance.held.value + held, currency=currency),
    )


def _passage(kept: KeptHold) -> Passage | None:
    if kept.state is not RedemptionState.UNKNOWN:
        return None
    return CAPTURE if kept.reversal is None else REVERSAL


def _in(kept: KeptHold, state: RedemptionState) -> KeptHold:
    return replace(kept, redemption=replace(kept.redemption, state=state))
