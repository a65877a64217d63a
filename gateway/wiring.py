"""Settings become a house: which vendor answers for which role, and which read goes to whom and is kept."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from typing import Any, TypeVar, get_args, get_type_hints

import httpx

from cache import FreshnessPolicy, Pantry, open_pantry
from domains.connectors import open as open_contract
from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.customers import Customers
from domains.inventory import Inventory, InventoryReservation, ReservationDraft, ReservationLine, StockKey
from domains.loyalty import LoyaltyRedemption, PointsHold
from domains.returns import ReturnAuthorization, ReturnDraft
from domains.upstream import current_deadline, open_wire
from domains.vocabulary import IdempotencyKey, RedemptionId, SystemRole
from gateway.complaints import SettingsError, wrong_value
from gateway.identity import current_owner
from gateway.paths import SHUT
from gateway.policies import KEPT
from gateway.settings import Cache, Settings, System
from resolvers.context import Retail

Ports = TypeVar("Ports")
Connect = Callable[[System, httpx.AsyncBaseTransport], Ports]


def _open(system: System) -> open_contract.OpenSettings:
    return open_contract.OpenSettings(
        url=system.url, token=None if system.token is None else system.token.get_secret_value()
    )


ERPS: dict[str, Connect[ErpPorts]] = {"open": lambda system, wire: open_contract.connect_erp(_open(system), wire)}
OMSS: dict[str, Connect[OmsPorts]] = {"open": lambda system, wire: open_contract.connect_oms(_open(system), wire)}
LOYALTIES: dict[str, Connect[LoyaltyPorts]] = {
    "open": lambda system, wire: open_contract.connect_loyalty(_open(system), wire)
}
CRMS: dict[str, Connect[CrmPorts]] = {"open": lambda system, wire: open_contract.connect_crm(_open(system), wire)}


@asynccontextmanager
async def open_retail(settings: Settings) -> AsyncIterator[Retail]:
    """The house behind `settings`, open until the context ends. Raises SettingsError for a vendor nobody wrote."""
    async with AsyncExitStack() as stack:
        wires: dict[SystemRole, httpx.AsyncBaseTransport] = {}
        for role in SystemRole:
            shut_to = frozenset(path for path, systems in SHUT.items() if role in systems)
            wire = wires[role] = open_wire(role, settings.systems.of(role).wire, shut_to=shut_to)
            stack.push_async_callback(wire.aclose)
        retail = compose(
            _connected(ERPS, SystemRole.ERP, settings, wires),
            _connected(OMSS, SystemRole.OMS, settings, wires),
            _connected(LOYALTIES, SystemRole.LOYALTY, settings, wires),
            _connected(CRMS, SystemRole.CRM, settings, wires),
        )
        if settings.cache.enabled:
            url = settings.cache.url
            pantry = await stack.enter_async_context(
                open_pantry(
                    memory_max_bytes=settings.cache.memory_max_bytes,
                    url=None if url is None else url.get_secret_value(),
                    remaining_s=_remaining_s,
                )
            )
            retail = keep(retail, pantry, settings.cache)
        yield retail


def compose(erp: ErpPorts, oms: OmsPorts, loyalty: LoyaltyPorts, crm: CrmPorts) -> Retail:
    """Which role answers which read."""
    return Retail(
        products=erp.products,
        inventory=oms.inventory,
        customers=Customers(by_id=crm.profiles, resolve=crm.identities, accounts=erp.accounts),
        loyalty=loyalty.loyalty,
        promotions=loyalty.promotions,
        orders=oms.orders,
        returns=oms.returns,
        finance=erp.finance,
    )


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


def _remaining_s() -> float | None:
    deadline = current_deadline()
    return None if deadline is None else deadline.remaining_s(time.monotonic())


def _connected(
    vendors: Mapping[str, Connect[Ports]],
    role: SystemRole,
    settings: Settings,
    wires: Mapping[SystemRole, httpx.AsyncBaseTransport],
) -> Ports:
    system = settings.systems.of(role)
    connect = vendors.get(system.vendor)
    if connect is None:
        key = ("systems", role.value.lower(), "vendor")
        raise SettingsError(wrong_value(key, system.vendor, " or ".join(sorted(vendors))))
    return connect(system, wires[role])
