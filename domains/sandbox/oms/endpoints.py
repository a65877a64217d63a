"""The endpoints of the OMS contract, over one world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from domains.sandbox.chassis import (
    Clock,
    Refused,
    Route,
    Tell,
    found,
    maybe_member,
    maybe_text,
    misshapen,
    pages,
    untold,
    want_int,
    want_objects,
    want_text,
    want_texts,
)
from domains.sandbox.oms.orders import Orders
from domains.sandbox.oms.reservations import Reservations
from domains.sandbox.oms.returns import Returns
from domains.sandbox.oms.shipping import Shipping
from domains.sandbox.oms.status import status_of
from domains.sandbox.oms.stock import Stock
from domains.sandbox.oms.words import ORDER_STATUSES
from domains.sandbox.world import Row, World

Handler = Callable[[dict[str, Any], dict[str, str]], Awaitable[dict[str, Any]]]


def routes(world: World, clock: Clock, tell: Tell = untold) -> list[Route]:
    """Every route of the OMS. It changes `world`; `clock` dates its answers and lets reservations expire."""
    oms = _Oms(world, clock, tell)
    return [*oms.reads(), *oms.writes(), *oms.knobs()]


class _Oms:
    def __init__(self, world: World, clock: Clock, tell: Tell) -> None:
        self._world = world
        self._clock = clock
        self._stock = Stock(world, tell)
        self._reservations = Reservations(self._stock, clock)
        self._orders = Orders(world, self._stock, self._reservations, clock, tell)
        self._returns = Returns(world, self._orders, self._stock, clock, tell)
        self._shipping = Shipping(self._orders, self._stock, clock)

    def reads(self) -> list[Route]:
        world, orders, returns = self._world, self._orders, self._returns
        lookups: list[tuple[str, str, Callable[[str], Row | None]]] = [
            ("/v1/locations/lookup", "ids", world.locations.get),
            ("/v1/orders/lookup", "orderIds", orders.find),
            ("/v1/orders/by-number", "orderNumbers", orders.by_number),
            ("/v1/sales/lookup", "orderIds", returns.sale),
            ("/v1/return-policies/lookup", "skus", world.return_policies.get),
            ("/v1/returns/lookup", "returnIds", returns.find),
            ("/v1/returns/by-rma", "rmaNumbers", returns.by_rma),
            ("/v1/reservations/lookup", "reservationIds", self._reservations.find),
        ]
        return [
            Route("GET", "/v1/locations", self._every_location),
            *(Route("POST", path, self._lookup(member, find)) for path, member, find in lookups),
            Route("POST", "/v1/stock/lookup", self._stock_lookup),
            Route("POST", "/v1/returns/of-orders", self._returns_of_orders),
            Route("POST", "/v1/orders/search", self._search_orders),
            Route("POST", "/v1/returns/search", self._search_returns),
        ]

    def writes(self) -> list[Route]:
        reservations, orders, returns = self._reservations, self._orders, self._returns
        taken: list[tuple[str, Callable[[Row], Row]]] = [
            ("/v1/reservations", reservations.create),
            ("/v1/orders", orders.create),
            ("/v1/returns", returns.create),
            ("/v1/returns/requests", lambda body: returns.create(body, authorized=False)),
        ]
        moved: list[tuple[str, Callable[[str], Row]]] = [
            ("/v1/reservations/{id}/release", reservations.release),
            ("/v1/orders/{id}/cancel", orders.cancel),
            ("/v1/returns/{id}/approve", returns.approve),
            ("/v1/returns/{id}/cancel", returns.cancel),
        ]
        told: list[tuple[str, Callable[[str, Row], Row]]] = [
            ("/v1/returns/{id}/decline", returns.decline),
            ("/v1/returns/{id}/receive", returns.receive),
        ]
        rows: list[tuple[str, Handler]] = [
            *((path, _of_body(do)) for path, do in taken),
            *((path, _of_id(do)) for path, do in moved),
            *((path, _of_both(do)) for path, do in told),
        ]
        return [Route("POST", path, handler, write=True) for path, handler in rows]

    def knobs(self) -> list[Route]:
        return [Route("POST", "/_sandbox/orders/{id}/ship", self._shipping.ship, knob=True)]

    def _lookup(self, member: str, find: Callable[[str], Row | None]) -> Handler:
        async def answer(body: Row, _: dict[str, str]) -> Row:
            self._reservations.expire()
            keys = dict.fromkeys(want_texts(body, member))
            return found((row for key in keys if (row := find(key)) is not None), self._clock())

        return answer

    async def _every_location(self, _body: Row, _path: dict[str, str]) -> Row:
        return found(self._world.locations.values(), self._clock())

    async def _stock_lookup(self, body: Row, _: dict[str, str]) -> Row:
        keys = dict.fromkeys(_stock_key(key) for key in want_objects(body, "keys"))
        self._reservations.expire()
        rows = (row for key in keys if (row := self._stock.position(*key)) is not None)
        return found(rows, self._clock())

    async def _returns_of_orders(self, body: Row, _: dict[str, str]) -> Row:
        ids = dict.fromkeys(want_texts(body, "orderIds"))
        return found((row for id_ in ids for row in self._returns.of_order(id_)), self._clock())

    async def _search_orders(self, body: Row, _: dict[str, str]) -> Row:
        def page(query: Row) -> Row:
            status = maybe_member(query, "status", ORDER_STATUSES)
            rows = _after(self._orders.of_customer(want_text(query, "customerId")), query)
            return _page([row for row in rows if status is None or status_of(row) == status], query)

        return pages([page(query) for query in want_objects(body, "queries")], self._clock())

    async def _search_returns(self, body: Row, _: dict[str, str]) -> Row:
        def page(query: Row) -> Row:
            return _page(_after(self._returns.of_customer(want_text(query, "customerId")), query), query)

        return pages([page(query) for query in want_objects(body, "queries")], self._clock())


def _of_body(do: Callable[[Row], Row]) -> Handler:
    async def handler(body: Row, _: dict[str, str]) -> Row:
        return do(body)

    return handler


def _of_id(do: Callable[[str], Row]) -> Handler:
    async def handler(_: Row, path: dict[str, str]) -> Row:
        return do(path["id"])

    return handler


def _of_both(do: Callable[[str, Row], Row]) -> Handler:
    async def handler(body: Row, path: dict[str, str]) -> Row:
        return do(path["id"], body)

    return handler


def _stock_key(key: Row) -> tuple[str, str | None]:
    if "locationId" not in key:
        raise misshapen("Every key has a `locationId`; null asks for the network.")
    return want_text(key, "sku"), maybe_text(key, "locationId")


def _after(rows: Sequence[Row], query: Row) -> Sequence[Row]:
    """What follows the row that `after` names: looked for before any filter, since a row seen may have changed status.

    Raises Refused 422 UNKNOWN_CURSOR when the customer has no such row: an empty page would pass for the end.
    """
    after = maybe_text(query, "after")
    if after is None:
        return rows
    for place, row in enumerate(rows, start=1):
        if row["id"] == after:
            return rows[place:]
    raise Refused(422, "UNKNOWN_CURSOR", f"`after` names {after}, which is not in this list.")


def _page(rows: Sequence[Row], query: Row) -> Row:
    first = want_int(query, "first", 1, 100)
    return {"items": list(rows[:first]), "hasNext": len(rows) > first}
