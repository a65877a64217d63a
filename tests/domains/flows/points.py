"""A loyalty engine in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from domains.loyalty import (
    Accrual,
    AccrualReversal,
    LedgerEntryStatus,
    LedgerEntryType,
    Loyalty,
    LoyaltyLedgerEntry,
    LoyaltyMembership,
    LoyaltyRedemption,
    LoyaltyWrites,
    PointsHold,
    RedemptionState,
)
from domains.vocabulary import IdempotencyKey, Money, OrderId, PointsAmount, RedemptionId
from tests.domains.flows.desk import Desk, nothing, rejected
from tests.domains.flows.goods import ADA, LOYALTY, MEMBER, POINTS, REDEMPTION, redemption
from tests.domains.flows.runner import NOON


@dataclass
class Points(Desk):
    """Redemptions, what orders earned, and the ledger by the keys that were written under."""

    redemptions: dict[str, LoyaltyRedemption] = field(default_factory=lambda: {REDEMPTION: redemption()})
    memberships: dict[str, LoyaltyMembership] = field(
        default_factory=lambda: {ADA: LoyaltyMembership(id=MEMBER, customer_id=ADA)}
    )
    entries: dict[str, LoyaltyLedgerEntry] = field(default_factory=dict)
    earned: dict[str, Money] = field(default_factory=dict)
    taken_back: dict[tuple[str, str], LoyaltyLedgerEntry] = field(default_factory=dict)

    def loyalty(self) -> Loyalty:
        return Loyalty(
            programs=nothing,
            by_id=nothing,
            by_customer=self.fetching(LOYALTY, lambda: self.memberships),
            balances=nothing,
            ledger=nothing,
            redemptions=self.fetching(LOYALTY, lambda: self.redemptions),
            redemptions_of=nothing,
            order_points=nothing,
            hold=_no_hold,
            void=self.void,
            capture=self.capture,
            entries=self.fetching(LOYALTY, lambda: self.entries),
        )

    def loyalty_writes(self) -> LoyaltyWrites:
        return LoyaltyWrites(
            capture=self.capture,
            reverse=self.reverse,
            accrue=self.accrue,
            finalise=self.finalise,
            take_back=self.take_back,
            restore=_never,
            entries=self.fetching(LOYALTY, lambda: self.entries),
        )

    async def capture(self, id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        def done() -> LoyaltyRedemption:
            captured = self._move(id_, RedemptionState.HELD, RedemptionState.CAPTURED)
            self._enter(LedgerEntryType.REDEMPTION, key)
            return captured

        return self.once("capture", key, done)

    async def reverse(self, id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        return self.once("reverse", key, lambda: self._move(id_, RedemptionState.CAPTURED, RedemptionState.REVERSED))

    async def void(self, id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        return self.once("void", key, lambda: self._move(id_, RedemptionState.HELD, RedemptionState.VOIDED))

    async def accrue(self, accrual: Accrual, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        def done() -> LoyaltyLedgerEntry:
            assert accrual.order_id not in self.earned, "one order earns twice"
            self.earned[accrual.order_id] = accrual.basis
            return self._enter(LedgerEntryType.ACCRUAL, key, LedgerEntryStatus.PENDING, accrual.order_id)

        return self.once("accrue", key, done)

    async def finalise(self, order_id: OrderId, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        def done() -> LoyaltyLedgerEntry:
            accrued = next((one for one in self.entries.values() if one.order_id == order_id), None)
            if accrued is None or accrued.reference is None:
                raise rejected(LOYALTY, "ACCRUAL_NOT_FOUND")
            if accrued.status is not LedgerEntryStatus.PENDING:
                raise rejected(LOYALTY, "ILLEGAL_TRANSITION")
            posted = msgspec.structs.replace(accrued, status=LedgerEntryStatus.POSTED)
            self.entries[accrued.reference] = posted
            self.entries[key] = posted
            return posted

        return self.once("finalise", key, done)

    async def take_back(self, reversal: AccrualReversal, key: IdempotencyKey) -> LoyaltyLedgerEntry:
        def done() -> LoyaltyLedgerEntry:
            if (reversal.order_id, reversal.reference) in self.taken_back:
                raise rejected(LOYALTY, "ILLEGAL_TRANSITION")
            if reversal.order_id not in self.earned:
                raise rejected(LOYALTY, "ACCRUAL_NOT_FOUND")
            assert reversal.basis == self.earned[reversal.order_id], "a part is taken back, or too much"
            entry = self._enter(LedgerEntryType.REVERSAL, key)
            self.taken_back[(reversal.order_id, reversal.reference)] = entry
            return entry

        return self.once("take_back", key, done)

    def end(self, id_: RedemptionId, state: RedemptionState) -> None:
        """The redemption is over by another hand than the flow's."""
        self.redemptions[id_] = msgspec.structs.replace(self.redemptions[id_], state=state)

    def _move(self, id_: RedemptionId, before: RedemptionState, after: RedemptionState) -> LoyaltyRedemption:
        if id_ not in self.redemptions:
            raise rejected(LOYALTY, "REDEMPTION_NOT_FOUND")
        if self.redemptions[id_].state is not before:
            raise rejected(LOYALTY, "ILLEGAL_TRANSITION")
        self.end(id_, after)
        return self.redemptions[id_]

    def _enter(
        self,
        type_: LedgerEntryType,
        key: IdempotencyKey,
        status: LedgerEntryStatus = LedgerEntryStatus.POSTED,
        order_id: OrderId | None = None,
    ) -> LoyaltyLedgerEntry:
        entry = LoyaltyLedgerEntry(
            id=f"entry-{len(self.entries) + 1}",
            type=type_,
            status=status,
            points=PointsAmount(value=Decimal(30), currency=POINTS),
            order_id=order_id,
            reference=key,
            occurred_at=NOON,
        )
        self.entries[key] = entry
        return entry


async def _never(reversal: AccrualReversal, key: IdempotencyKey) -> LoyaltyLedgerEntry:
    raise AssertionError("an order restores nothing")


async def _no_hold(points: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
    raise AssertionError("whoever submits has held")
