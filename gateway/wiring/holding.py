"""A loyalty engine that cannot hold points, made to look like one that can: its holds are kept in our database.

Whoever asks, a checkout or a flow, sees redemptions with the states of any other, and balances less what is open. A
failing database is to them a failing engine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from domains.connectors.roles import LoyaltyPorts
from domains.durable import JournalUnavailable
from domains.loyalty import (
    CAPTURE,
    REVERSAL,
    KeptHold,
    Loyalty,
    LoyaltyLedgerEntry,
    LoyaltyRedemption,
    Movement,
    Passage,
    PointsHold,
    PointsMovement,
    PointsMovements,
    RedemptionQuery,
    RedemptionState,
    arrived,
    at_present,
    looked_up,
    set_out,
    voided,
)
from domains.vocabulary import (
    NEVER_SENT,
    FreshnessTier,
    IdempotencyKey,
    MembershipId,
    Money,
    Page,
    Reading,
    RedemptionId,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
    UpstreamSaturated,
    UpstreamTimeout,
    UpstreamUnreachable,
    freshest_within,
)
from gateway.durable import Holds, Moved, TooFew
from gateway.wiring.netting import NetOfHolds

SOURCE = "journal"
LOYALTY, HOLDS = SystemRole.LOYALTY, "holds"

PLACED_TRIES = 3
"""A hold begins anew when another hold of the same member was spent while the balance was read: that is rare once."""

T = TypeVar("T")

Send = Callable[[PointsMovement, IdempotencyKey], Awaitable[LoyaltyLedgerEntry]]


class HeldHere:
    """The holds of one engine. `point_value` is what one point is worth, which the engine does not say."""

    def __init__(self, engine: LoyaltyPorts, movements: PointsMovements, holds: Holds, point_value: Money) -> None:
        self._engine = engine
        self._movements = movements
        self._holds = holds
        self._point_value = point_value

    def ports(self) -> LoyaltyPorts:
        """The engine with its holds, for those who must see what is, and nothing remembered."""
        writes = replace(self._engine.loyalty_writes, capture=self.capture, reverse=self.reverse)
        return replace(self._engine, loyalty=self.over(self._engine.loyalty), loyalty_writes=writes)

    def over(self, loyalty: Loyalty) -> Loyalty:
        """The engine's reads as `loyalty` has them, which may remember, with the holds: these are never remembered, so
        that every process sees them at once."""
        return replace(
            loyalty,
            balances=NetOfHolds(loyalty.balances, self.in_play, lambda: self._holds.now),
            redemptions=self.redemptions,
            redemptions_of=self.redemptions_of,
            hold=self.hold,
            void=self.void,
            capture=self.capture,
        )

    async def in_play(
        self, members: Collection[MembershipId], since: float
    ) -> Mapping[MembershipId, tuple[KeptHold, ...]]:
        """The holds of `members` that are open or changed after `since`; the engine's ledger has been asked about
        those that were being spent."""
        with _as_engine():
            playing = await self._holds.in_play(members, since)
            told = await self._looked_up([kept for holds in playing.values() for kept in holds])
        return {member: tuple(told[kept.redemption.id] for kept in holds) for member, holds in playing.items()}

    async def redemptions(self, ids: frozenset[RedemptionId], /) -> Mapping[RedemptionId, Reading[LoyaltyRedemption]]:
        with _as_engine():
            told = await self._looked_up((await self._holds.by_id(ids)).values())
        return {id_: self._reading(kept.redemption) for id_, kept in told.items()}

    async def redemptions_of(
        self, queries: frozenset[RedemptionQuery], /
    ) -> Mapping[RedemptionQuery, Reading[Page[LoyaltyRedemption]]]:
        with _as_engine():
            return {query: self._reading(await self._holds.page(query)) for query in queries}

    async def hold(self, draft: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
        """Hold what the balance of this moment leaves beside all open holds."""
        with _as_engine():
            before = await self._holds.by_key(key)
            if before is not None:
                return _same(before.redemption, draft)
            kept = KeptHold(redemption=self._redemption(draft, key))
            for _ in range(PLACED_TRIES):
                await self.in_play([draft.membership_id], self._holds.now.timestamp())
                mark = await self._holds.mark(draft.membership_id)
                balance = await at_present(self._engine.loyalty.balances, draft.membership_id)
                if balance is None:
                    raise _rejected("MEMBERSHIP_NOT_FOUND")
                placed = await self._holds.place(kept, balance.available.value, mark)
                if isinstance(placed, TooFew):
                    raise _rejected("INSUFFICIENT_POINTS")
                if not isinstance(placed, Moved):
                    return _same(placed.redemption, draft)
        raise UpstreamSaturated(LOYALTY, HOLDS, "points of this membership are being spent")

    async def void(self, id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        """Let go of a hold. Raises UpstreamTimeout while nobody knows whether it was spent."""

        def step(kept: KeptHold, _: datetime) -> KeptHold:
            if kept.voided_by == key:
                return kept
            if kept.on_its_way is not None:
                raise _unknown(kept.on_its_way)
            after = voided(kept, key)
            if after is None:
                raise _rejected("ILLEGAL_TRANSITION")
            return after

        with _as_engine():
            await self._look_first(id_)
            return _there(await self._holds.change(id_, step)).redemption

    async def capture(self, id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        """Spend a hold by a debit. Raises UpstreamTimeout while nobody knows whether it was spent under another key."""
        return await self._move(id_, CAPTURE, key, self._movements.debit)

    async def reverse(self, id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        """Give spent points back by a credit. Raises as `capture` does."""
        return await self._move(id_, REVERSAL, key, self._movements.credit)

    async def _move(self, id_: RedemptionId, passage: Passage, key: IdempotencyKey, send: Send) -> LoyaltyRedemption:
        """Note what is about to be sent, send it, and note that it has arrived.

        Wherever this ends midway, the hold is UNKNOWN, and whoever reads it next asks the engine's ledger.
        """
        with _as_engine():
            await self._look_first(id_)
            before: list[KeptHold] = []

            def noted(kept: KeptHold, now: datetime) -> KeptHold:
                before.append(kept)
                return _sent(kept, passage, key, now)

            sent = _there(await self._holds.change(id_, noted))
            if sent.on_its_way is None:
                return sent.redemption  # it had arrived under this very key
            try:
                await send(_movement(sent.redemption), key)
            except (UpstreamRejected, *NEVER_SENT):
                # As it was: held, or unknown since an earlier try.
                await self._holds.change(id_, lambda kept, _: before[-1] if kept == sent else kept)
                raise
            return _there(await self._holds.change(id_, lambda kept, _: _arrived(kept, key))).redemption

    async def _look_first(self, id_: RedemptionId) -> None:
        """Settle a hold that is on its way, before anything is done to it. Raises UpstreamError when the engine cannot
        be asked: then nothing is sent a second time."""
        await self._settled((await self._holds.by_id([id_])).values())

    async def _looked_up(self, holds: Collection[KeptHold]) -> dict[RedemptionId, KeptHold]:
        """The same holds, those on their way as the engine's ledger tells of them; as they are where it cannot."""
        try:
            return await self._settled(holds)
        except UpstreamError:
            return {kept.redemption.id: kept for kept in holds}

    async def _settled(self, holds: Collection[KeptHold]) -> dict[RedemptionId, KeptHold]:
        told = {kept.redemption.id: kept for kept in holds}
        movements = {id_: kept.on_its_way for id_, kept in told.items() if kept.on_its_way is not None}
        if not movements:
            return told
        with freshest_within(0):
            written = await self._engine.loyalty.entries(frozenset(one.key for one in movements.values()))
        for id_, movement in movements.items():
            step = partial(_looked_up, movement, movement.key in written)
            if step(told[id_], self._holds.now) != told[id_]:
                told[id_] = _there(await self._holds.change(id_, step))
        return told

    def _redemption(self, draft: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
        return LoyaltyRedemption(
            id=RedemptionId(f"gh-{hashlib.sha256(key.encode()).hexdigest()[:24]}"),
            membership_id=draft.membership_id,
            state=RedemptionState.HELD,
            points=draft.points,
            value=(self._point_value * draft.points.value).rounded(),
            basket_reference=draft.basket_reference,
            expires_at=self._holds.now + timedelta(seconds=draft.ttl_s),
            reference=key,
        )

    def _reading(self, value: T) -> Reading[T]:
        return Reading(value, SOURCE, FreshnessTier.LIVE, self._holds.now.timestamp(), 0.0)


@contextmanager
def _as_engine() -> Iterator[None]:
    """To the slices this is the engine: where our database fails, nobody knows what became of a write."""
    try:
        yield
    except JournalUnavailable as error:
        raise UpstreamUnreachable(LOYALTY, HOLDS, str(error)) from error


def _sent(kept: KeptHold, passage: Passage, key: IdempotencyKey, now: datetime) -> KeptHold:
    movement = kept.capture if passage is CAPTURE else kept.reversal
    if kept.state is passage.end and movement is not None and movement.key == key:
        return kept
    if kept.on_its_way is not None and kept.on_its_way.key != key:
        raise _unknown(kept.on_its_way)
    after = set_out(kept, passage, key, now)
    if after is None:
        raise _rejected("ILLEGAL_TRANSITION")
    return after


def _looked_up(asked: Movement, written: bool, kept: KeptHold, now: datetime) -> KeptHold:
    """The hold after a look for `asked`; another movement that is on its way by now was not looked for."""
    return looked_up(kept, written, now) if kept.on_its_way == asked else kept


def _arrived(kept: KeptHold, key: IdempotencyKey) -> KeptHold:
    return arrived(kept) if kept.on_its_way is not None and kept.on_its_way.key == key else kept


def _movement(redemption: LoyaltyRedemption) -> PointsMovement:
    return PointsMovement(
        membership_id=redemption.membership_id,
        points=redemption.points,
        reference=f"LoyaltyRedemption:{redemption.id}",
    )


def _same(redemption: LoyaltyRedemption, draft: PointsHold) -> LoyaltyRedemption:
    """The redemption, when it is what `draft` asks for."""
    held = (redemption.membership_id, redemption.points, redemption.basket_reference)
    if held != (draft.membership_id, draft.points, draft.basket_reference):
        raise _rejected("IDEMPOTENCY_CONFLICT")
    return redemption


def _there(kept: KeptHold | None) -> KeptHold:
    if kept is None:
        raise _rejected("REDEMPTION_NOT_FOUND")
    return kept


def _rejected(reason: str) -> UpstreamRejected:
    return UpstreamRejected(LOYALTY, HOLDS, status=409, reason=reason)


def _unknown(movement: Movement) -> UpstreamTimeout:
    return UpstreamTimeout(LOYALTY, HOLDS, f"the engine has not said whether it did {movement.key}")
