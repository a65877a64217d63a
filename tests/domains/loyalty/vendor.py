"""A loyalty engine with a ledger, whose answers get lost: it holds points itself, and takes and gives them by entries.

Unless it is told to, it remembers no idempotency keys: whatever is sent to it twice is done twice.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from msgspec.structs import replace

from domains.connectors.roles import LoyaltyPorts
from domains.loyalty import (
    Holding,
    LedgerEntryStatus,
    LedgerEntryType,
    Loyalty,
    LoyaltyBalance,
    LoyaltyLedgerEntry,
    LoyaltyRedemption,
    LoyaltyWrites,
    PointsHold,
    PointsMovement,
    PointsMovements,
    RedemptionQuery,
    RedemptionState,
    tally,
)
from domains.promotions import Promotions
from domains.vocabulary import (
    BreakerOpen,
    FreshnessTier,
    IdempotencyKey,
    MembershipId,
    Page,
    PointsAmount,
    Reading,
    RedemptionId,
    SystemRole,
    UpstreamRejected,
    UpstreamTimeout,
)
from tests.domains.loyalty.engine import MEMBER, POINTS, nothing, points, rejected

T = TypeVar("T")
LOYALTY = SystemRole.LOYALTY
DELAY_S = 30.0
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC).timestamp()


class Fate(enum.Enum):
    """What becomes of a call."""

    HEARD = "heard"
    LOST_ON_THE_WAY = "lost on the way"
    LOST_ON_THE_WAY_BACK = "lost on the way back"
    NEVER_SENT = "never sent"
    DELAYED = "delayed"
    """A write that arrives DELAY_S later, when nobody listens any more; a read that is lost."""


@dataclass
class Clock:
    """Seconds since the epoch, moved by hand."""

    now: float = START

    def __call__(self) -> float:
        return self.now

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


@dataclass
class Vendor:
    """One member's points. `fates` are those of the next calls, reads and writes alike; then all are heard."""

    member: MembershipId = MEMBER
    opening: int = 100
    clock: Clock = field(default_factory=Clock)
    fates: list[Fate] = field(default_factory=list)
    redemptions: dict[str, LoyaltyRedemption] = field(default_factory=dict)
    entries: list[LoyaltyLedgerEntry] = field(default_factory=list)
    remembers_keys: bool = False
    answers: dict[str, Any] = field(default_factory=dict)
    delayed: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._enter(LedgerEntryType.ADJUSTMENT, Decimal(self.opening), "opening")

    @property
    def available(self) -> Decimal:
        """By the ledger, as everything else here."""
        self._expire()
        return tally(self.entries, POINTS).available.value

    def written(self, key: str | None, type_: LedgerEntryType) -> int:
        """How many entries of a kind were made under `key`."""
        return sum(entry.reference == key and entry.type is type_ for entry in self.entries)

    def loyalty(self) -> Loyalty:
        return Loyalty(
            programs=nothing,
            by_id=nothing,
            by_customer=nothing,
            balances=self._read(lambda id_: self._balance() if id_ == self.member else None),
            ledger=nothing,
            redemptions=self._read(self._redemption),
            redemptions_of=self._read(self._page),
            order_points=nothing,
            hold=self._hold,
            void=lambda id_, key: self._end(id_, key, RedemptionState.HELD, RedemptionState.VOIDED),
            capture=lambda id_, key: self._end(id_, key, RedemptionState.HELD, RedemptionState.CAPTURED),
            entries=self._read(lambda key: next((one for one in self.entries if one.reference == key), None)),
        )

    def ports(self) -> LoyaltyPorts:
        """The engine as one that cannot hold."""

        async def never(*_: Any) -> Any:
            raise AssertionError("nobody accrues here, nor asks what this engine does not have")

        loyalty = self.loyalty()
        without = dict.fromkeys(("redemptions", "redemptions_of", "hold", "void", "capture"), never)
        writes = LoyaltyWrites(
            capture=never,
            reverse=never,
            accrue=never,
            finalise=never,
            take_back=never,
            restore=never,
            entries=loyalty.entries,
        )
        return LoyaltyPorts(
            loyalty=Loyalty(**{**vars(loyalty), **without}),
            loyalty_writes=writes,
            promotions=Promotions(evaluate=never, forecast=never),
            holding=Holding.DEBIT,
            movements=self.movements(),
        )

    def movements(self) -> PointsMovements:
        async def debit(movement: PointsMovement, key: IdempotencyKey) -> LoyaltyLedgerEntry:
            def done() -> LoyaltyLedgerEntry:
                if movement.points.value > self.available:
                    raise rejected("INSUFFICIENT_POINTS")
                return self._enter(LedgerEntryType.REDEMPTION, -movement.points.value, key)

            return self._write(done, key)

        async def credit(movement: PointsMovement, key: IdempotencyKey) -> LoyaltyLedgerEntry:
            return self._write(lambda: self._enter(LedgerEntryType.REVERSAL, movement.points.value, key), key)

        return PointsMovements(debit=debit, credit=credit)

    async def _hold(self, draft: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
        def done() -> LoyaltyRedemption:
            if draft.points.value > self.available:
                raise rejected("INSUFFICIENT_POINTS")
            redemption = LoyaltyRedemption(
                id=RedemptionId(f"red-{len(self.redemptions) + 1}"),
                membership_id=draft.membership_id,
                state=RedemptionState.HELD,
                points=draft.points,
                expires_at=self.clock.moment + timedelta(seconds=draft.ttl_s),
                reference=key,
            )
            self.redemptions[redemption.id] = redemption
            self._enter(LedgerEntryType.HOLD, -draft.points.value, key)
            return redemption

        return self._write(done, key)

    async def _end(
        self, id_: RedemptionId, key: IdempotencyKey, before: RedemptionState, after: RedemptionState
    ) -> LoyaltyRedemption:
        def done() -> LoyaltyRedemption:
            redemption = self._redemption(id_)
            if redemption is None:
                raise rejected("REDEMPTION_NOT_FOUND")
            if redemption.state is not before:
                raise rejected("ILLEGAL_TRANSITION")
            spent = after is RedemptionState.CAPTURED
            self._enter(LedgerEntryType.RELEASE, redemption.points.value, None if spent else key)
            if spent:
                self._enter(LedgerEntryType.REDEMPTION, -redemption.points.value, key)
            self.redemptions[id_] = replace(redemption, state=after)
            return self.redemptions[id_]

        return self._write(done, key)

    def wait(self, seconds: float) -> None:
        """Time passes, and what was delayed arrives."""
        self.clock.now += seconds
        due = [done for at, done in self.delayed if at <= self.clock.now]
        self.delayed = [(at, done) for at, done in self.delayed if at > self.clock.now]
        for done in due:
            with suppress(UpstreamRejected):  # nobody hears it
                done()

    def _write(self, done: Callable[[], T], key: str) -> T:
        def once() -> T:
            if self.remembers_keys and key in self.answers:
                first: T = self.answers[key]
                return first
            self.answers[key] = done()
            return self.answers[key]  # type: ignore[no-any-return]  # what `done` answered

        return self._call(once, once)

    def _call(self, done: Callable[[], T], late: Callable[[], object] | None) -> T:
        fate = self.fates.pop(0) if self.fates else Fate.HEARD
        if fate is Fate.NEVER_SENT:
            raise BreakerOpen(LOYALTY, "redemptions")
        if fate is Fate.DELAYED and late is not None:
            self.delayed.append((self.clock.now + DELAY_S, late))
        if fate in (Fate.LOST_ON_THE_WAY, Fate.DELAYED):
            raise UpstreamTimeout(LOYALTY, "redemptions")
        answer = done()
        if fate is Fate.LOST_ON_THE_WAY_BACK:
            raise UpstreamTimeout(LOYALTY, "redemptions")
        return answer

    def _read(self, found: Callable[[Any], T | None]) -> Any:
        async def fetch(keys: frozenset[Any], /) -> Mapping[Any, Reading[T]]:
            def look() -> dict[Any, Reading[T]]:
                told = {key: found(key) for key in keys}
                return {
                    key: Reading(one, "loyalty:test", FreshnessTier.LIVE, self.clock.now, 0.0)
                    for key, one in told.items()
                    if one is not None
                }

            return self._call(look, None)

        return fetch

    def _balance(self) -> LoyaltyBalance:
        self._expire()
        told = tally(self.entries, POINTS)
        return LoyaltyBalance(membership_id=self.member, available=told.available, held=told.held, pending=told.pending)

    def _redemption(self, id_: RedemptionId) -> LoyaltyRedemption | None:
        self._expire()
        return self.redemptions.get(id_)

    def _page(self, query: RedemptionQuery) -> Page[LoyaltyRedemption]:
        self._expire()
        return Page(items=tuple(reversed(self.redemptions.values()))[: query.first])

    def _expire(self) -> None:
        for id_, one in self.redemptions.items():
            if one.state is RedemptionState.HELD and one.expires_at and one.expires_at <= self.clock.moment:
                self._enter(LedgerEntryType.RELEASE, one.points.value, None)
                self.redemptions[id_] = replace(one, state=RedemptionState.EXPIRED)

    def _enter(self, type_: LedgerEntryType, value: Decimal, key: str | None) -> LoyaltyLedgerEntry:
        entry = LoyaltyLedgerEntry(
            id=f"entry-{len(self.entries) + 1}",
            type=type_,
            status=LedgerEntryStatus.POSTED,
            points=PointsAmount(value=value, currency=POINTS),
            reference=key,
            occurred_at=self.clock.moment,
        )
        self.entries.append(entry)
        return entry


__all__ = ["START", "Clock", "Fate", "Vendor", "points"]
