"""Feeds of an ERP: pages with cursors, sequences and the moment they were true."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from domains.connectors.open import OpenSettings, connect_erp
from domains.inventory import AvailabilitySemantics
from domains.vocabulary import FEED_PAGE_MAX, FeedQuery, SystemRole, UpstreamGarbled

AT = OpenSettings("http://service.test")
AS_OF = 1772446530.0  # 2026-03-02T10:15:30Z
BEGIN = FeedQuery(None, FEED_PAGE_MAX)


async def test_the_first_page_of_each_feed(service: Callable[[SystemRole], Any]) -> None:
    """Products, positions and locations come as canonical records, each with its sequence, as of the ERP's own time."""
    ports = connect_erp(AT, service(SystemRole.ERP).wire())
    goods = (await ports.product_feed(frozenset({BEGIN})))[BEGIN]
    assert (goods.source, goods.observed_at) == ("erp:open", AS_OF)
    assert [(item.sequence, item.record.sku, item.removed) for item in goods.value.items] == [
        (7, "SKU-00001", False),
        (8, "SKU-00002", True),
    ]
    assert (goods.value.next, goods.value.total) == ("SKU-00002", 3)
    stock = (await ports.position_feed(frozenset({BEGIN})))[BEGIN].value
    (item,) = stock.items
    assert (item.record.on_hand, item.record.safety_stock) == (Decimal("12.500"), Decimal(2))
    assert item.record.semantics is AvailabilitySemantics.ON_HAND
    assert (stock.next, stock.total) == (None, None)
    places = (await ports.location_feed(frozenset({BEGIN})))[BEGIN].value
    assert [place.record.ships for place in places.items] == [True]


async def test_what_is_asked(service: Callable[[SystemRole], Any]) -> None:
    """Cursor, size and moment go out as the contract has them; two pages are two calls."""
    erp = service(SystemRole.ERP)
    since = datetime(2026, 3, 1, 8, 30, 0, 123000, tzinfo=UTC)
    queries = frozenset({FeedQuery("a", 10, since), BEGIN})
    found = await connect_erp(AT, erp.wire()).product_feed(queries)
    assert found.keys() == queries
    asked = {ask.after: (ask.limit, ask.changed_since) for _, ask in erp.asked}
    assert asked == {"a": (10, since), None: (FEED_PAGE_MAX, None)}


@pytest.mark.parametrize(
    "item", [{"record": {"sku": "SKU-00001"}}, {"sequence": "7", "record": {"sku": "SKU-00001"}}, {"sequence": 7}]
)
async def test_a_record_without_its_place_is_garbled(service: Callable[[SystemRole], Any], item: Any) -> None:
    """Without a sequence nobody could tell what is newer, so such a page is not taken."""
    erp = service(SystemRole.ERP)
    erp.answers["/v1/products/pages"] = lambda _: httpx.Response(
        200, json={"asOf": "2026-03-02T10:15:30Z", "items": [item]}
    )
    with pytest.raises(UpstreamGarbled):
        await connect_erp(AT, erp.wire()).product_feed(frozenset({BEGIN}))
