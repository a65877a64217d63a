"""The endpoints of the ERP contract, over one world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domains.sandbox.chassis import (
    Clock,
    Route,
    Tell,
    found,
    untold,
    want_member,
    want_objects,
    want_text,
    want_texts,
)
from domains.sandbox.erp.books import Books
from domains.sandbox.erp.feeds import BookStock, Feed, Knobs, Table
from domains.sandbox.erp.goods import Goods
from domains.sandbox.world import Row, World

_SUBJECTS = frozenset({"ORDER", "RETURN", "RECEIPT"})


def routes(world: World, clock: Clock, tell: Tell = untold) -> list[Route]:
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

    def priced(row: Row, sequence: int) -> None:
        tell("erp.product.changed", row["sku"], row, sequence)

    def counted(row: Row, sequence: int) -> None:
        tell("erp.position.changed", f"{row['sku']}/{row['locationId']}", row, sequence)

    table, stock = Table(world.products), BookStock(world)
    products, positions = Feed(table, clock, priced), Feed(stock, clock, counted)
    knobs = Knobs(world, products, table, positions, stock)
    books = Books(world, clock, Goods(stock, positions), tell)
    return [
        Route("POST", "/v1/accounts/lookup", lookup("customerIds", world.accounts)),
        Route("POST", "/v1/ledgers/lookup", lookup("orderIds", world.order_ledgers)),
        Route("POST", "/v1/postings/lookup", postings),
        Route("POST", "/v1/products/pages", products.page),
        Route("POST", "/v1/positions/pages", positions.page),
        Route("POST", "/v1/locations/pages", Feed(Table(world.locations), clock).page),
        Route("POST", "/v1/sales-orders", books.post_order, write=True),
        Route("POST", "/v1/sales-orders/{id}/reverse", books.reverse_order, write=True),
        Route("POST", "/v1/credit-memos", books.post_credit, write=True),
        Route("POST", "/v1/credit-memos/{id}/reverse", books.reverse_credit, write=True),
        Route("POST", "/v1/goods-receipts", books.post_goods, write=True),
        Route("POST", "/_sandbox/positions", knobs.count, knob=True),
        Route("POST", "/_sandbox/products", knobs.price, knob=True),
        Route("POST", "/_sandbox/accounts", books.set_account, knob=True),
        Route("POST", "/_sandbox/period", books.set_period, knob=True),
    ]
