"""The house, put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from cache import UNWITNESSED, Pantry, Witness, open_pantry
from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.customers import Customers
from domains.durable import Durable
from domains.inventory import Promises
from domains.products import Products
from domains.upstream import Wire, current_deadline
from domains.vocabulary import ProjectionCold, Sku, SystemRole
from gateway.durable import Journal, Worker, open_journal
from gateway.events import Taker, Teller
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
from gateway.reconcile import Reconciler
from gateway.settings import Settings
from gateway.wiring.accepted import with_accepted
from gateway.wiring.flows import all_workflows
from gateway.wiring.gathering import gathering
from gateway.wiring.hearing import hearing
from gateway.wiring.keeping import keep, keep_abroad, keep_projection
from gateway.wiring.points import with_holds
from gateway.wiring.promised import with_promised
from gateway.wiring.reconciling import Shelves, reconciler, watched
from gateway.wiring.regions import by_region, crms_abroad, wires_abroad, written_by_region
from gateway.wiring.standing_in import backed
from gateway.wiring.telling import destinations
from gateway.wiring.vendors import CRMS, ERPS, LOYALTIES, OMSS, connected
from gateway.wiring.wires import Wires, named, open_wires
from resolvers.context import Retail

_LOOK_EVERY_S = 0.05
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Office:
    """The journal, and who compares books."""

    journal: Journal
    reconciler: Reconciler


def unwatched(_: Mapping[str, Wire]) -> None:
    """Nobody looks at the Wires."""


@asynccontextmanager
async def open_retail(
    settings: Settings,
    *,
    watch: Callable[[Mapping[str, Wire]], None] = unwatched,
    promises: Promises | None = None,
    witness: Witness = UNWITNESSED,
) -> AsyncIterator[Retail]:
    """The house behind `settings`, open until the context ends. Raises CannotStart for what cannot be put together.

    Opens at once when the projection holds products; an empty one is given `projection.wait_at_start_s` to read them.
    `watch` is given the Wires as `named`, to read what they count. `promises` signs what processes promise together, by
    default `promises_of(settings)`. `witness` is told what the cache reads and forgets.
    """
    async with AsyncExitStack() as stack:
        wires, wires_there = open_wires(settings, stack), wires_abroad(settings, stack)
        watch(named(wires, wires_there))
        erp, oms, loyalty, crm = _roles(settings, wires)
        regions = crms_abroad(settings, wires_there)
        points = await with_holds(loyalty, settings, stack)
        pantry = await _pantry(settings, stack, witness)
        store = await stack.enter_async_context(open_store(settings.database.url.get_secret_value()))
        reads = projection_reads(store, time.time, _max_ages(settings))
        oms = replace(oms, inventory=replace(oms.inventory, promises=promises or promises_of(settings)))
        written = written_by_region(crm, regions)
        journal = await stack.enter_async_context(_journal(settings, erp, oms, points.ports, written))
        retail = compose(erp, oms, loyalty, crm, Products(by_sku=reads.products_by_sku), durable=journal.durable)
        abroad = {name: customers_of(erp, one) for name, one in regions.items()}
        retail, abroad = gathering(retail, abroad, settings.gathering.policy)
        shelves: Shelves = ()
        if pantry is not None:
            retail, shelves = watched(keep(retail, pantry, settings.cache, settings.systems.slow_s), oms, loyalty)
            reads = keep_projection(reads, pantry, settings.cache)
            abroad = keep_abroad(abroad, pantry, settings.cache, settings.systems.slow_s)
        retail = replace(
            retail,
            customers=by_region(retail.customers, settings.systems.crm.region, abroad),
            inventory=backed(retail.inventory, reads),
            loyalty=points.over(retail.loyalty),
            orders=with_accepted(retail.orders, journal.durable),
            returns=with_promised(retail.returns, journal.durable),
        )
        await stack.enter_async_context(_refresher(settings, store, erp, wires[SystemRole.ERP], pantry).running())
        if settings.durable.workers_in_serve:
            comparing = partial(reconciler, settings, journal, erp, oms, points.ports, store, shelves)
            await _work_beside(settings, journal, stack, comparing)
        if settings.events.sources:
            # Here and not where steps are done: what is told makes this process's caches forget.
            await stack.enter_async_context(Taker(journal, hearing(settings, store, pantry)).running())
        await _warm(retail, settings.projection.wait_at_start_s)
        yield retail


async def try_out(settings: Settings) -> None:
    """Put the house together and take it apart again, without asking any system. Raises CannotStart."""
    async with AsyncExitStack() as stack:
        roles = await _at_work(settings, stack)
        await stack.enter_async_context(open_store(settings.database.url.get_secret_value()))
        await stack.enter_async_context(_journal(settings, *roles))


@asynccontextmanager
async def open_worker(settings: Settings) -> AsyncIterator[Worker]:
    """One who does the steps of slow writes, for as long as the context is open. Raises CannotStart."""
    async with AsyncExitStack() as stack:
        roles = await _at_work(settings, stack)
        journal = await stack.enter_async_context(_journal(settings, *roles))
        await _tell(settings, journal, stack)
        if settings.reconcile.enabled:
            store = await stack.enter_async_context(open_store(settings.database.url.get_secret_value()))
            erp, oms, loyalty, _ = roles
            await stack.enter_async_context(reconciler(settings, journal, erp, oms, loyalty, store).running())
        yield Worker(journal)


@asynccontextmanager
async def open_office(settings: Settings) -> AsyncIterator[Office]:
    """The books for whoever looks after them by hand, beside the processes that work. Raises CannotStart."""
    async with AsyncExitStack() as stack:
        roles = await _at_work(settings, stack)
        store = await stack.enter_async_context(open_store(settings.database.url.get_secret_value()))
        journal = await stack.enter_async_context(_journal(settings, *roles))
        erp, oms, loyalty, _ = roles
        yield Office(journal, reconciler(settings, journal, erp, oms, loyalty, store))


async def _work_beside(
    settings: Settings, journal: Journal, stack: AsyncExitStack, comparing: Callable[[], Reconciler]
) -> None:
    """Have steps done, followers told and books compared in a process that serves, until `stack` ends."""
    await stack.enter_async_context(Worker(journal).running())
    await _tell(settings, journal, stack)
    if settings.reconcile.enabled:
        await stack.enter_async_context(comparing().running())


async def _tell(settings: Settings, journal: Journal, stack: AsyncExitStack) -> None:
    """Have whoever follows told the news, until `stack` ends."""
    if told := await destinations(settings, stack):
        await stack.enter_async_context(Teller(journal, told).running())


def compose(
    erp: ErpPorts, oms: OmsPorts, loyalty: LoyaltyPorts, crm: CrmPorts, products: Products, *, durable: Durable
) -> Retail:
    """Which role answers which read. `products` come from the projection: nobody waits for the ERP to name an item."""
    return Retail(
        products=products,
        inventory=oms.inventory,
        customers=customers_of(erp, crm),
        loyalty=loyalty.loyalty,
        promotions=loyalty.promotions,
        orders=oms.orders,
        returns=oms.returns,
        finance=erp.finance,
        durable=durable,
    )


def customers_of(erp: ErpPorts, crm: CrmPorts) -> Customers:
    """Who they are from a CRM, whether business is done with them from the books."""
    return Customers(by_id=crm.profiles, resolve=crm.identities, accounts=erp.accounts)


async def refresh_projection(settings: Settings, *, full: bool, on_progress: Callable[[Progress], None]) -> None:
    """Read the ERP into the projection now. Raises CannotStart when it does not come to its end."""
    async with AsyncExitStack() as stack:
        erp = connected(ERPS, SystemRole.ERP, settings, open_wires(settings, stack))
        await run_refresh(
            settings.database.url.get_secret_value(),
            _feeds(erp),
            full=full,
            policy=_policy(settings),
            on_progress=on_progress,
        )


async def _at_work(settings: Settings, stack: AsyncExitStack) -> tuple[ErpPorts, OmsPorts, LoyaltyPorts, CrmPorts]:
    """Every role as flows ask it, with Wires of their own."""
    erp, oms, loyalty, crm = _roles(settings, open_wires(settings, stack))
    written = written_by_region(crm, crms_abroad(settings, wires_abroad(settings, stack)))
    return erp, oms, (await with_holds(loyalty, settings, stack)).ports, written


def _roles(settings: Settings, wires: Wires) -> tuple[ErpPorts, OmsPorts, LoyaltyPorts, CrmPorts]:
    return (
        connected(ERPS, SystemRole.ERP, settings, wires),
        connected(OMSS, SystemRole.OMS, settings, wires),
        connected(LOYALTIES, SystemRole.LOYALTY, settings, wires),
        connected(CRMS, SystemRole.CRM, settings, wires),
    )


def _journal(
    settings: Settings, erp: ErpPorts, oms: OmsPorts, loyalty: LoyaltyPorts, crm: CrmPorts
) -> AbstractAsyncContextManager[Journal]:
    workflows = all_workflows(erp, oms, loyalty, crm)
    return open_journal(settings.database.url.get_secret_value(), workflows, settings.durable.policy)


async def _pantry(settings: Settings, stack: AsyncExitStack, witness: Witness) -> Pantry | None:
    if not settings.cache.enabled:
        return None
    url = settings.cache.url
    return await stack.enter_async_context(
        open_pantry(
            memory_max_bytes=settings.cache.memory_max_bytes,
            url=None if url is None else url.get_secret_value(),
            remaining_s=_remaining_s,
            witness=witness,
        )
    )


def promises_of(settings: Settings) -> Promises:
    """What stock is promised with: the keys of the settings, or one made up now."""
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


def _max_ages(settings: Settings) -> MaxAges:
    return MaxAges(
        positions_s=settings.projection.positions_max_age_s, products_s=settings.projection.products_max_age_s
    )


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
