"""The contract's four services, read through Wires: the house that stands behind the schema."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from urllib.parse import quote

import msgspec

from cache import UNWITNESSED, FreshnessPolicy, Pantry, Witness, open_pantry
from domains.upstream import Call, Gathered, GatheringPolicy, Outbound, Wire, current_deadline
from domains.vocabulary import Fetch, FreshnessTier, Reading, SystemRole, UpstreamRejected
from gateway.settings import Settings
from gateway.wiring.wires import open_wires
from resolvers.context import Retail
from tests.peers.records import Account, Customer, Order, OrdersOf, Product, Redeem, Redemption, Stock

K = TypeVar("K")
T = TypeVar("T")

KEYS_MAX = 50
"""SKUs in one call, by the contract."""
FRESH_S = 30.0
"""As long as the response caches of others keep an answer."""

_KEPT = FreshnessPolicy(fresh_s=FRESH_S, stale_while_revalidate_s=FRESH_S, stale_if_error_s=3600.0, negative_s=5.0)


async def nothing(_: frozenset[Any], /) -> Mapping[Any, Reading[Any]]:
    """A read of retail's house that the contract has no service for."""
    return {}


@dataclass(frozen=True, slots=True)
class Products:
    by_sku: Fetch[str, Product]


@dataclass(frozen=True, slots=True)
class Inventory:
    stock: Fetch[str, Stock]
    locations: Fetch[Any, Any] = nothing
    network: Fetch[Any, Any] = nothing


@dataclass(frozen=True, slots=True)
class Customers:
    by_id: Fetch[str, Customer]


@dataclass(frozen=True, slots=True)
class Loyalty:
    by_customer: Fetch[str, Account]
    redeem: Callable[[str, Redeem], Awaitable[Redemption]]
    programs: Fetch[Any, Any] = nothing


@dataclass(frozen=True, slots=True)
class Orders:
    by_id: Fetch[str, Order]
    of_customer: Fetch[OrdersOf, tuple[Order, ...]]


@dataclass(frozen=True, slots=True)
class Returns:
    policies: Fetch[Any, Any] = nothing


@dataclass(frozen=True, slots=True)
class Shop:
    """What stands in the place of `Retail`: reads by the same names, as far as the contract has them."""

    products: Products
    inventory: Inventory
    customers: Customers
    loyalty: Loyalty
    orders: Orders
    returns: Returns = Returns()


class Service:
    """One service. Its failures are those of the Wire; a 404 is an absent key."""

    def __init__(self, role: SystemRole, url: str, wire: Wire, gathering: GatheringPolicy | None) -> None:
        self._role = role
        self._gathering = gathering
        self._source = f"{role.value.lower()}:peers"
        self._out = Outbound(wire, url, {"Accept": "application/json", "Content-Type": "application/json"})

    def lookup(self, capability: str, path: str, kind: type[T], key: Callable[[T], str]) -> Fetch[str, T]:
        """Items by their SKUs, KEYS_MAX in a call. Those that nobody asked for are left out."""
        call = Call(capability, msgspec.json.Decoder(tuple[kind, ...]).decode)  # type: ignore[valid-type]  # a type at run time

        async def part(skus: Collection[str]) -> dict[str, Reading[T]]:
            asked = ",".join([quote(sku, safe="") for sku in skus])
            found = cast("tuple[T, ...]", await self._out.get(f"{path}?skus={asked}", call))
            readings = self._readings(found)
            return {name: one for one in readings if (name := key(one.value)) in skus}

        async def fetch(skus: frozenset[str], /) -> Mapping[str, Reading[T]]:
            if len(skus) <= KEYS_MAX:
                return await part(skus) if skus else {}
            parts = await _side_by_side(part, _split(tuple(skus)))
            return {sku: reading for some in parts for sku, reading in some.items()}

        if self._gathering is None:
            return fetch
        return Gathered(fetch, self._gathering, keys_max=KEYS_MAX, system=self._role, capability=capability)

    def each(self, capability: str, path: Callable[[K], str], kind: type[T]) -> Fetch[K, T]:
        """Things that the contract answers one by one, by the address of each."""
        call = Call(capability, msgspec.json.Decoder(kind).decode)

        async def one(key: K) -> Reading[T] | None:
            try:
                (reading,) = self._readings((cast("T", await self._out.get(path(key), call)),))
            except UpstreamRejected as no:
                if no.status != 404:
                    raise
                return None
            return reading

        async def fetch(keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
            asked = tuple(keys)
            found = [await one(asked[0])] if len(asked) == 1 else await _side_by_side(one, asked)
            return {key: reading for key, reading in zip(asked, found, strict=True) if reading is not None}

        return fetch

    async def write(self, capability: str, path: str, body: bytes, kind: type[T]) -> T:
        """Change something. The contract has no keys by which it could be asked again."""
        call = Call(capability, msgspec.json.Decoder(kind).decode, write=True)
        return cast("T", await self._out.post(path, body, call))

    def _readings(self, values: Iterable[T]) -> list[Reading[T]]:
        """The contract does not say when its services knew something, so that is now."""
        source, tier, observed_at = self._source, FreshnessTier.LIVE, time.time()
        return [Reading(value, source, tier, observed_at, FRESH_S) for value in values]


async def _side_by_side(ask: Callable[[K], Awaitable[T]], keys: Collection[K]) -> list[T]:
    try:
        async with asyncio.TaskGroup() as calls:
            tasks = [calls.create_task(cast("Any", ask(key))) for key in keys]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks]


def _split(skus: tuple[str, ...]) -> list[Collection[str]]:
    return [skus[start : start + KEYS_MAX] for start in range(0, len(skus), KEYS_MAX)]


def _segments(*ids: str) -> Iterator[str]:
    return (quote(id_, safe="").replace(".", "%2E") for id_ in ids)


def _path(text: str, *ids: str) -> str:
    return text.format(*_segments(*ids))


def shop(settings: Settings, wires: Mapping[SystemRole, Wire]) -> Shop:
    """The services at the addresses of the settings."""
    erp, oms, loyalty, crm = (
        Service(role, settings.systems.of(role).url, wires[role], settings.gathering.policy)
        for role in (SystemRole.ERP, SystemRole.OMS, SystemRole.LOYALTY, SystemRole.CRM)
    )

    async def redeem(customer_id: str, asked: Redeem) -> Redemption:
        path = _path("/accounts/{}/redemptions", customer_id)
        return await loyalty.write("redemptions", path, msgspec.json.encode(asked), Redemption)

    def orders_of(key: OrdersOf) -> str:
        return _path("/orders?customerId={}", key.customer_id) + f"&limit={key.limit}"

    return Shop(
        products=Products(erp.lookup("products", "/products", Product, lambda one: one.sku)),
        inventory=Inventory(oms.lookup("stock", "/availability", Stock, lambda one: one.sku)),
        customers=Customers(crm.each("customers", lambda id_: _path("/customers/{}", id_), Customer)),
        loyalty=Loyalty(loyalty.each("accounts", lambda id_: _path("/accounts/{}", id_), Account), redeem),
        orders=Orders(
            oms.each("orders", lambda id_: _path("/orders/{}", id_), Order),
            oms.each("orders", orders_of, tuple[Order, ...]),
        ),
    )


def keep(shop: Shop, pantry: Pantry) -> Shop:
    """The same with a pantry. Nobody says who asks in this contract, so what is kept is everybody's."""

    def kept(fetch: Fetch[K, T], name: str, kind: Any, system: SystemRole) -> Fetch[K, T]:
        return pantry.cached(fetch, _KEPT, name=name, kind=kind, system=system)

    write = shop.loyalty.redeem

    async def redeem(customer_id: str, asked: Redeem) -> Redemption:
        try:
            return await write(customer_id, asked)
        finally:
            await pantry.forget("loyalty.by_customer", [customer_id])

    erp, oms, loyalty, crm = SystemRole.ERP, SystemRole.OMS, SystemRole.LOYALTY, SystemRole.CRM
    return replace(
        shop,
        products=Products(kept(shop.products.by_sku, "products.by_sku", Product, erp)),
        inventory=Inventory(kept(shop.inventory.stock, "inventory.stock", Stock, oms)),
        customers=Customers(kept(shop.customers.by_id, "customers.by_id", Customer, crm)),
        loyalty=Loyalty(kept(shop.loyalty.by_customer, "loyalty.by_customer", Account, loyalty), redeem),
        orders=Orders(
            kept(shop.orders.by_id, "orders.by_id", Order, oms),
            kept(shop.orders.of_customer, "orders.of_customer", tuple[Order, ...], oms),
        ),
    )


@asynccontextmanager
async def open_shop(settings: Settings, witness: Witness = UNWITNESSED) -> AsyncIterator[Retail]:
    """The shop behind `settings`, open until the context ends: what the product calls a house. `witness` is told what
    its cache reads and forgets."""
    async with AsyncExitStack() as stack:
        open_now = shop(settings, open_wires(settings, stack))
        if settings.cache.enabled:
            pantry = await stack.enter_async_context(
                open_pantry(memory_max_bytes=settings.cache.memory_max_bytes, remaining_s=_remaining_s, witness=witness)
            )
            open_now = keep(open_now, pantry)
        yield cast("Retail", open_now)


def _remaining_s() -> float | None:
    deadline = current_deadline()
    return None if deadline is None else deadline.remaining_s(time.monotonic())
