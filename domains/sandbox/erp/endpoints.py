"""The endpoints of the ERP contract, over one world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domains.sandbox.chassis import Clock, Route, found, want_member, want_objects, want_text, want_texts
from domains.sandbox.erp.feeds import BookStock, Feed, Knobs, Table
from domains.sandbox.world import Row, World

_SUBJECTS = frozenset({"ORDER", "RETURN"})


def routes(world: World, clock: Clock) -> list[Route]:
    """Every route of the ERP, and the knobs that change its books. `clock` dates its answers."""

    def lookup(member: str, rows: Mapping[str, Row]) -> Callable[[dict[str, Any], dict[str, str]], Awaitable[Row]]:
        async def answer(body: Row, _: dict[str, str]) -> Row:
            keys = dict.fromkeys(want_texts(body, member))
            return found((rows[key] for key in keys if key in rows), clock())

        return answer

    async def postings(body: Row, _: dict[str, str]) -> Row:
        asked = want_objects(body, "keys")
        keys = dict.fromkeys((want_member(key, "subject", _SUBJECTS), want_text(key, "id")) for key in asked)
        return found((world.postings[key] for key in keys if key in world.postings), clock())

    table, stock = Table(world.products), BookStock(world)
    products, positions = Feed(table, clock), Feed(stock, clock)
    knobs = Knobs(world, products, table, positions, stock)
    return [
        Route("POST", "/v1/products/lookup", lookup("skus", world.products)),
        Route("POST", "/v1/accounts/lookup", lookup("customerIds", world.accounts)),
        Route("POST", "/v1/ledgers/lookup", lookup("orderIds", world.order_ledgers)),
        Route("POST", "/v1/postings/lookup", postings),
        Route("POST", "/v1/products/pages", products.page),
        Route("POST", "/v1/positions/pages", positions.page),
        Route("POST", "/v1/locations/pages", Feed(Table(world.locations), clock).page),
        Route("POST", "/_sandbox/positions", knobs.count, knob=True),
        Route("POST", "/_sandbox/products", knobs.price, knob=True),
    ]
