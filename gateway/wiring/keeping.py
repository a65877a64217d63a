"""Reads that remember, and writes that make them forget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, fields, replace
from math import inf
from typing import Any, get_args, get_type_hints

from cache import FreshnessPolicy, Pantry
from domains.customers import Customers
from domains.inventory import Inventory, InventoryReservation, ReservationDraft, ReservationLine, StockKey
from domains.loyalty import LoyaltyRedemption, PointsHold
from domains.returns import ReturnAuthorization, ReturnDraft, Returns
from domains.vocabulary import IdempotencyKey, OrderId, RedemptionId, ReturnId, SystemRole
from gateway.identity import current_owner
from gateway.policies import KEPT
from gateway.projection import ProjectionReads
from gateway.sections import Cache
from resolvers.context import Retail

SlowOf = Callable[[SystemRole, str | None], float]
"""How long a system may take, in seconds, before the last known answer stands in for it; of a region, or of home."""


def waited_for(_role: SystemRole, _region: str | None) -> float:
    """However long it takes."""
    return inf


def keep(retail: Retail, pantry: Pantry, settings: Cache, slow_s: SlowOf = waited_for) -> Retail:
    """The same house with a pantry: reads remember, and writes make them forget what they changed."""
    ports = {port.name: getattr(retail, port.name) for port in fields(retail)}
    return _forgetting(replace(retail, **_kept(ports, pantry, settings, slow_s)), pantry)


def keep_abroad(
    abroad: Mapping[str, Customers], pantry: Pantry, settings: Cache, slow_s: SlowOf = waited_for
) -> dict[str, Customers]:
    """Each region's customers with shelves of their own: what one region said never stands in for another."""
    return {
        region: _kept({"customers": one}, pantry, settings, slow_s, region)["customers"]
        for region, one in abroad.items()
    }


def keep_projection(reads: ProjectionReads, pantry: Pantry, settings: Cache) -> ProjectionReads:
    """The same reads with a pantry. Nobody makes them forget: they are kept for seconds, and read every half minute."""
    kept: ProjectionReads = _kept({"projection": reads}, pantry, settings, waited_for)["projection"]
    return kept


def _kept(
    ports: Mapping[str, Any], pantry: Pantry, settings: Cache, slow_s: SlowOf, region: str | None = None
) -> dict[str, Any]:
    """The ports with those of their reads remembered that have a policy."""
    kept = dict(ports)
    for name, row in KEPT.items():
        slice_, read = name.split(".")
        if slice_ not in ports:
            continue
        port = kept[slice_]
        # The type of the values is what the port's own annotation says: Fetch[key, value].
        _, kind = get_args(get_type_hints(type(port))[read])
        cached = pantry.cached(
            getattr(port, read),
            FreshnessPolicy(**asdict(settings.freshness[name])),
            name=name if region is None else f"{name}@{region}",
            kind=kind,
            system=row.system,
            slow_s=slow_s(row.system, region),
            owner=current_owner.get if row.private else None,
        )
        kept[slice_] = replace(port, **{read: cached})
    return kept


def _forgetting(retail: Retail, pantry: Pantry) -> Retail:
    hold = retail.loyalty.hold

    # Forgotten also when a write fails: its answer may be lost while its effect is not.

    async def held(points: PointsHold, key: IdempotencyKey) -> LoyaltyRedemption:
        try:
            return await hold(points, key)
        finally:
            await pantry.forget("loyalty.balances", [points.membership_id])

    def ended(end: Callable[[RedemptionId, IdempotencyKey], Awaitable[LoyaltyRedemption]]) -> Any:
        async def written(id_: RedemptionId, key: IdempotencyKey) -> LoyaltyRedemption:
            try:
                redemption = await end(id_, key)
            finally:
                await pantry.forget("loyalty.redemptions", [id_])
            await pantry.forget("loyalty.balances", [redemption.membership_id])
            return redemption

        return written

    return replace(
        retail,
        inventory=_counting_anew(retail.inventory, pantry),
        loyalty=replace(
            retail.loyalty, hold=held, void=ended(retail.loyalty.void), capture=ended(retail.loyalty.capture)
        ),
        returns=_reading_anew(retail.returns, pantry),
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


def _reading_anew(returns: Returns, pantry: Pantry) -> Returns:
    def drafted(write: Callable[[ReturnDraft, IdempotencyKey], Awaitable[ReturnAuthorization]]) -> Any:
        async def written(draft: ReturnDraft, key: IdempotencyKey) -> ReturnAuthorization:
            try:
                return await write(draft, key)
            finally:
                await _forget_sale(pantry, draft.order_id)
                if draft.return_id is not None:
                    await pantry.forget("returns.by_id", [draft.return_id])

        return written

    def moved(write: Callable[..., Awaitable[ReturnAuthorization]]) -> Any:
        async def written(id_: ReturnId, *what: Any) -> ReturnAuthorization:
            try:
                returned = await write(id_, *what)
            finally:
                await pantry.forget("returns.by_id", [id_])
            await pantry.forget("returns.by_rma", [returned.rma_number])
            await _forget_sale(pantry, returned.order_id)
            return returned

        return written

    return replace(
        returns,
        record=drafted(returns.record),
        request=drafted(returns.request),
        approve=moved(returns.approve),
        decline=moved(returns.decline),
        receive=moved(returns.receive),
        cancel=moved(returns.cancel),
    )


async def _forget_sale(pantry: Pantry, order_id: OrderId) -> None:
    for shelf in ("returns.of_order", "returns.sales", "orders.by_id"):
        await pantry.forget(shelf, [order_id])
