"""The house, put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import structlog

from cache import Pantry, open_pantry
from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.customers import Customers
from domains.inventory import Promises
from domains.products import Products
from domains.upstream import Wire, current_deadline, open_wire
from domains.vocabulary import ProjectionCold, Sku, SystemRole
from gateway.paths import SHUT
from gateway.projection import (
    PRODUCTS,
    Feeds,
    MaxAges,
    Progress,
    Refresh,
    Refresher,
    RefreshPolicy,
    Schedule,
    Store,
    open_store,
    projection_reads,
    run_refresh,
)
from gateway.settings import Settings
from gateway.wiring.keeping import keep
from gateway.wiring.vendors import CRMS, ERPS, LOYALTIES, OMSS, connected
from resolvers.context import Retail

Wires = dict[SystemRole, Wire]

_LOOK_EVERY_S = 0.05
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_retail(settings: Settings) -> AsyncIterator[Retail]:
    """The house behind `settings`, open until the context ends. Raises CannotStart for what cannot be put together.

    Opens at once when the projection holds products; an empty one is given `projection.wait_at_start_s` to read them.
    """
    async with AsyncExitStack() as stack:
        wires = _wires(settings, stack)
        erp, oms, loyalty, crm = _roles(settings, wires)
        pantry = await _pantry(settings, stack)
        store = await stack.enter_async_context(open_store(settings.database.url.get_secret_value()))
        reads = projection_reads(store, time.time, MaxAges(products_s=settings.projection.products_max_age_s))
        oms = replace(oms, inventory=replace(oms.inventory, promises=_promises(settings)))
        retail = compose(erp, oms, loyalty, crm, Products(by_sku=reads.products_by_sku))
        if pantry is not None:
            retail = keep(retail, pantry, settings.cache)
        refresher = _refresher(settings, store, erp, wires[SystemRole.ERP], pantry)
        await stack.enter_async_context(refresher.running())
        await _warm(retail, settings.projection.wait_at_start_s)
        yield retail


async def try_out(settings: Settings) -> None:
    """Put the house together and take it apart again, without asking any system. Raises CannotStart."""
    async with AsyncExitStack() as stack:
        wires = _wires(settings, stack)
        _roles(settings, wires)
        await stack.enter_async_context(open_store(settings.database.url.get_secret_value()))


def compose(erp: ErpPorts, oms: OmsPorts, loyalty: LoyaltyPorts, crm: CrmPorts, products: Products) -> Retail:
    """Which role answers which read. `products` come from the projection: nobody waits for the ERP to name an item."""
    return Retail(
        products=products,
        inventory=oms.inventory,
        customers=Customers(by_id=crm.profiles, resolve=crm.identities, accounts=erp.accounts),
        loyalty=loyalty.loyalty,
        promotions=loyalty.promotions,
        orders=oms.orders,
        returns=oms.returns,
        finance=erp.finance,
    )


async def refresh_projection(settings: Settings, *, full: bool, on_progress: Callable[[Progress], None]) -> None:
    """Read the ERP into the projection now. Raises CannotStart when it does not come to its end."""
    async with AsyncExitStack() as stack:
        erp = connected(ERPS, SystemRole.ERP, settings, _wires(settings, stack))
        await run_refresh(
            settings.database.url.get_secret_value(),
            _feeds(erp),
            full=full,
            policy=_policy(settings),
            on_progress=on_progress,
        )


def _roles(settings: Settings, wires: Wires) -> tuple[ErpPorts, OmsPorts, LoyaltyPorts, CrmPorts]:
    return (
        connected(ERPS, SystemRole.ERP, settings, wires),
        connected(OMSS, SystemRole.OMS, settings, wires),
        connected(LOYALTIES, SystemRole.LOYALTY, settings, wires),
        connected(CRMS, SystemRole.CRM, settings, wires),
    )


def _wires(settings: Settings, stack: AsyncExitStack) -> Wires:
    wires: Wires = {}
    for role in SystemRole:
        shut_to = frozenset(path for path, systems in SHUT.items() if role in systems)
        wires[role] = open_wire(role, settings.systems.of(role).wire, shut_to=shut_to)
        stack.push_async_callback(wires[role].aclose)
    return wires


async def _pantry(settings: Settings, stack: AsyncExitStack) -> Pantry | None:
    if not settings.cache.enabled:
        return None
    url = settings.cache.url
    return await stack.enter_async_context(
        open_pantry(
            memory_max_bytes=settings.cache.memory_max_bytes,
            url=None if url is None else url.get_secret_value(),
            remaining_s=_remaining_s,
        )
    )


def _promises(settings: Settings) -> Promises:
    if settings.promises.keys is None:
        _log.warning("promises are signed with a passing key: no other process, and no later one, will know them")
        return replace(Promises.passing(), ttl_s=settings.promises.ttl_s)
    return Promises(settings.promises.keys, settings.promises.ttl_s)


def _refresher(settings: Settings, store: Store, erp: ErpPorts, wire: Wire, pantry: Pantry | None) -> Refresher:
    async def forget(kind: object, keys: tuple[Any, ...]) -> None:
        if pantry is not None and kind is PRODUCTS:
            await pantry.forget("products.by_sku", keys)

    refresh = Refresh(store, _feeds(erp), _policy(settings), crowded=lambda: wire.snapshot().queued > 0, on_news=forget)
    schedule = Schedule(delta_every_s=settings.projection.delta_every_s, full_every_s=settings.projection.full_every_s)
    return Refresher(store, refresh, schedule)


def _feeds(erp: ErpPorts) -> Feeds:
    return Feeds(erp.product_feed, erp.position_feed, erp.location_feed)


def _policy(settings: Settings) -> RefreshPolicy:
    return RefreshPolicy(calls_per_s=settings.projection.calls_per_s, page_size=settings.projection.page_size)


async def _warm(retail: Retail, wait_s: float) -> None:
    """Wait until the projection can say of any product whether there is one, at most `wait_s` seconds."""
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        try:
            await retail.products.by_sku(frozenset({Sku("-")}))
        except ProjectionCold:
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            return
    _log.warning("the projection has no products yet: they are answered as unknown until the ERP has been read")


def _remaining_s() -> float | None:
    deadline = current_deadline()
    return None if deadline is None else deadline.remaining_s(time.monotonic())
