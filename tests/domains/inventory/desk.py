"""An OMS in memory: shelves, reservations, and keys that are remembered. It takes a basket whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from domains.inventory import (
    AvailabilitySemantics,
    Inventory,
    InventoryReservation,
    PromiseKeys,
    Promises,
    ReservationDraft,
    ReservationState,
    SigningKey,
    StockKey,
    StockPosition,
    promise,
)
from domains.vocabulary import (
    FreshnessTier,
    IdempotencyKey,
    LocationId,
    Reading,
    Sku,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
)

K = TypeVar("K")
V = TypeVar("V")

NOW = datetime(2026, 3, 2, 10, 15, 30, tzinfo=UTC)
PROMISES = Promises(PromiseKeys(SigningKey("k1", b"0123456789abcdef0123456789abcdef")))


def key(sku: str, at: str | None = "store-001") -> StockKey:
    return StockKey(Sku(sku), None if at is None else LocationId(at))


def rejected(reason: str | None, status: int = 409) -> UpstreamRejected:
    return UpstreamRejected(SystemRole.OMS, "reservations", status=status, reason=reason)


@dataclass
class Desk:
    """`error` is raised instead of the next write's answer; with `acts` the write is done all the same."""

    shelves: dict[StockKey, Decimal]
    error: UpstreamError | None = None
    acts: bool = False
    blind: UpstreamError | None = None
    drafts: list[ReservationDraft] = field(default_factory=list)
    held: dict[str, InventoryReservation] = field(default_factory=dict)
    first: dict[IdempotencyKey, tuple[object, InventoryReservation]] = field(default_factory=dict)

    def port(self) -> Inventory:
        async def none(_keys: frozenset[object], /) -> Mapping[object, Reading[object]]:
            return {}

        return Inventory(
            locations=none,  # type: ignore[arg-type]  # nothing here reads locations
            network=none,  # type: ignore[arg-type]  # likewise
            stock=self._stock,
            reservations=self._reservations,
            reserve=self._reserve,
            release=self._release,
            promises=PROMISES,
        )

    def token(self, of: StockKey, audience: str = "storefront") -> str:
        """What the house promises of a shelf now."""
        made = PROMISES.sign(promise(self._reading(self._position(of)), None), audience, NOW)
        assert made is not None
        return made

    async def _stock(self, keys: frozenset[StockKey], /) -> Mapping[StockKey, Reading[StockPosition]]:
        self._see()
        return {one: self._reading(self._position(one)) for one in keys if one in self.shelves}

    async def _reservations(self, ids: frozenset[str], /) -> Mapping[str, Reading[InventoryReservation]]:
        self._see()
        return {id_: self._reading(self.held[id_]) for id_ in ids if id_ in self.held}

    async def _reserve(self, draft: ReservationDraft, once: IdempotencyKey) -> InventoryReservation:
        self.drafts.append(draft)
        if self.error is not None and not self.acts:
            raise self.error
        if once in self.first:
            return self._again(once, draft)
        needs = {StockKey(line.sku, line.location_id): line.quantity for line in draft.lines}
        assert len(needs) == len(draft.lines)
        if any(self.shelves.get(shelf, Decimal(0)) < need for shelf, need in needs.items()):
            raise rejected("INSUFFICIENT_STOCK")
        for shelf, need in needs.items():
            self.shelves[shelf] -= need
        made = InventoryReservation(
            id=f"rsv-{len(self.held) + 1}", kind=draft.kind, state=ReservationState.CREATED, lines=draft.lines
        )
        return self._done(once, draft, made)

    async def _release(self, id_: str, once: IdempotencyKey) -> InventoryReservation:
        if self.error is not None and not self.acts:
            raise self.error
        if once in self.first:
            return self._again(once, id_)
        if id_ not in self.held:
            raise rejected("RESERVATION_NOT_FOUND")
        open_ = self.held[id_]
        if open_.state is not ReservationState.CREATED:
            raise rejected("ILLEGAL_TRANSITION")
        for line in open_.lines:
            self.shelves[StockKey(line.sku, line.location_id)] += line.quantity
        over = InventoryReservation(id=id_, kind=open_.kind, state=ReservationState.RELEASED, lines=open_.lines)
        return self._done(once, id_, over)

    def _done(self, once: IdempotencyKey, asked: object, answer: InventoryReservation) -> InventoryReservation:
        self.held[answer.id] = answer
        self.first[once] = (asked, answer)
        if self.error is not None:
            raise self.error
        return answer

    def _again(self, once: IdempotencyKey, asked: object) -> InventoryReservation:
        before, answer = self.first[once]
        if before != asked:
            raise rejected("IDEMPOTENCY_CONFLICT")
        return answer

    def _see(self) -> None:
        if self.blind is not None:
            raise self.blind

    def _position(self, of: StockKey) -> StockPosition:
        return StockPosition(
            sku=of.sku,
            location_id=of.location_id,
            semantics=AvailabilitySemantics.AVAILABLE_TO_PROMISE,
            available_to_promise=self.shelves[of],
        )

    def _reading(self, value: V) -> Reading[V]:
        return Reading(value, "oms:fake", FreshnessTier.LIVE, NOW.timestamp() - 1, 30.0)
