"""Reads that remember, and writes that make them forget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, get_args, get_type_hints

from cache import FreshnessPolicy, Pantry
from domains.inventory import Inventory, InventoryReservation, ReservationDraft, ReservationLine, StockKey
from domains.loyalty import LoyaltyRedemption, PointsHold
from domains.returns import ReturnAuthorization, ReturnDraft
from domains.vocabulary import IdempotencyKey, RedemptionId
from gateway.identity import current_owner
from gateway.policies import KEPT
from gateway.sections import Cache
from resolvers.context import Retail


def keep(retail: Retail, pantry: Pantry, settings: Cache) -> Retail:
    """The same house with a pantry: reads remember, and writes make them forget what they changed."""
    kept: dict[str, dict[str, Any]] = {}
    for name, row in KEPT.items():
        slice_, read = name.split(".")
        port = getattr(retail, slice_)
        # The type of the values is what the port's own annotation says: Fetch[key, value].
        _, kind = get_args(get_type_hints(type(port))[read])
        kept.setdefault(slice_, {})[read] = pantry.cached(
            getattr(port, read),
            FreshnessPolicy(**asdict(settings.freshness[name])),
            name=name,
            kind=kind,
            system=row.system,
            owner=current_owner.get if row.private else None,
        )
    remembering = replace(retail, **{name: replace(getattr(retail, name), **reads) for name, reads in kept.items()})
    return _forgetting(remembering, pantry)


def _forgetting(retail: Retail, pantry: Pantry) -> Retail:
    hold, void, record = retail.loyalty.hold, retail.loyalty.void, retail.returns.record

    # Forgotten also when a write fails: its answer may be lost while its effect is not.

    async def held(points: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
        try:
            return await hold(points, key)
        finally:
            await pantry.forget("loyalty.balances", [points.membership_id])

    async def voided(id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
        try:
            redemption = await void(id_, key)
        finally:
            await pantry.forget("loyalty.redemptions", [id_])
        await pantry.forget("loyalty.balances", [redemption.membership_id])
        return redemption

    async def recorded(draft: ReturnDraft, key: IdempotencyKey) -> ReturnAuthorization:
        try:
            return await record(draft, key)
        finally:
            for shelf in ("returns.of_order", "returns.sales", "orders.by_id"):
                await pantry.forget(shelf, [draft.order_id])

    return replace(
        retail,
        inventory=_counting_anew(retail.inventory, pantry),
        loyalty=replace(retail.loyalty, hold=held, void=voided),
        returns=replace(retail.returns, record=recorded),
    )


def _counting_anew(inventory: Inventory, pantry: Pantry) -> Inventory:
    reserve, release = inventory.reserve, inventory.release

    async def forget(lines: Iterable[ReservationLine]) -> None:
        keys = {StockKey(line.sku, at) for line in lines for at in (line.location_id, None)}
        await pantry.forget("inventory.stock", list(keys))

    async def reserved(draft: ReservationDraft, key: IdempotencyKey) -> InventoryReservation:
        try:
            reservation = await reserve(draft, key)
        finally:
            await forget(draft.lines)
        await forget(reservation.lines)  # where the OMS found what the draft left to it
        return reservation

    async def released(id_: str, key: IdempotencyKey) -> InventoryReservation:
        reservation = await release(id_, key)
        await forget(reservation.lines)
        return reservation

    return replace(inventory, reserve=reserved, release=released)
