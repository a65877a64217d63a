"""What a service may get wrong, and what becomes of it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from domains.connectors.open import OpenSettings, connect_crm, connect_erp, connect_loyalty, connect_oms
from domains.customers import CustomerKey
from domains.inventory import StockKey
from domains.orders import Lifecycle, OrderQuery
from domains.promotions import Basket
from domains.vocabulary import (
    CustomerId,
    OrderId,
    Sku,
    SystemRole,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
)

AT = OpenSettings("http://service.test")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>login</html>",
        b'{"items": [',
        b"{}",
        b"[]",
        b'{"items": [{"customerId": 1}], "asOf": "2026-03-02T10:15:30Z"}',
    ],
)
async def test_garbled_answers(body: bytes, service: Callable[[SystemRole], Any]) -> None:
    """A body that is not what the contract says is UpstreamGarbled, never a half-read answer."""
    erp = service(SystemRole.ERP)
    erp.answers["/v1/accounts/lookup"] = httpx.Response(200, content=body)
    with pytest.raises(UpstreamGarbled):
        await connect_erp(AT, erp.wire()).accounts(frozenset({CustomerId("cust-00001")}))


@pytest.mark.parametrize("fault", [{"code": "DB", "message": "pool exhausted"}, "down", {"text": "é" * 500}])
async def test_an_error_inside_a_200_is_a_fault(fault: Any, service: Callable[[SystemRole], Any]) -> None:
    """Some services report their own faults with status 200: that is their failure, not a garbled answer."""
    erp = service(SystemRole.ERP)
    erp.answers["/v1/accounts/lookup"] = httpx.Response(200, json={"error": fault})
    with pytest.raises(UpstreamFailed) as failed:
        await connect_erp(AT, erp.wire()).accounts(frozenset({CustomerId("cust-00001")}))
    assert (failed.value.system, failed.value.capability) == (SystemRole.ERP, "accounts")
    assert len(failed.value.detail) <= 200


async def test_a_vendor_lifecycle_nobody_knows_is_unknown(service: Callable[[SystemRole], Any]) -> None:
    """An order's lifecycle is an open list: a new word is UNKNOWN, and the vendor's own word is kept beside it."""
    oms = service(SystemRole.OMS)
    order = oms.answers["/v1/orders/lookup"]["items"][0]
    order["facts"] = {"lifecycle": "GIFT_WRAPPING", "raw": "GIFT_WRAPPING"}
    facts = (await connect_oms(AT, oms.wire()).orders.by_id(frozenset({OrderId("ord-000001")})))[
        OrderId("ord-000001")
    ].value.facts
    assert (facts.lifecycle, facts.raw) == (Lifecycle.UNKNOWN, "GIFT_WRAPPING")


async def test_a_word_outside_a_closed_list_is_garbled(service: Callable[[SystemRole], Any]) -> None:
    """Where the contract closes a list, a service that says another word breaks it."""
    oms = service(SystemRole.OMS)
    answer = oms.answers["/v1/stock/lookup"]
    answer["items"][0]["semantics"] = "GUESSED"
    oms.answers["/v1/stock/lookup"] = httpx.Response(200, json=answer)
    with pytest.raises(UpstreamGarbled):
        await connect_oms(AT, oms.wire()).inventory.stock(frozenset({StockKey(Sku("SKU-00001"), None)}))


@pytest.mark.parametrize("number", ["NaN", "-Infinity"])
@pytest.mark.parametrize("place", ["onHand", "incoming", "availableToPromise", "promises"])
async def test_stock_that_is_no_number_is_garbled(
    place: str, number: str, service: Callable[[SystemRole], Any]
) -> None:
    """A text may say what JSON has no number for: whoever says it is named, before anybody computes with it."""
    oms = service(SystemRole.OMS)
    answer = oms.answers["/v1/stock/lookup"]
    answer["items"][0][place] = [{"date": "2026-03-09", "quantity": number}] if place == "promises" else number
    oms.answers["/v1/stock/lookup"] = httpx.Response(200, json=answer)
    with pytest.raises(UpstreamGarbled) as garbled:
        await connect_oms(AT, oms.wire()).inventory.stock(frozenset({StockKey(Sku("SKU-00001"), None)}))
    assert garbled.value.system is SystemRole.OMS
    assert f"{number} is not finite - at `$.items[0]" in garbled.value.detail


async def test_an_order_of_no_quantity_is_garbled(service: Callable[[SystemRole], Any]) -> None:
    """So are the quantities of order lines, of which it is worked out what may come back."""
    oms = service(SystemRole.OMS)
    answer = oms.answers["/v1/orders/lookup"]
    answer["items"][0]["lines"][0]["returned"] = "NaN"
    oms.answers["/v1/orders/lookup"] = httpx.Response(200, json=answer)
    with pytest.raises(UpstreamGarbled):
        await connect_oms(AT, oms.wire()).orders.by_id(frozenset({OrderId("ord-000001")}))


@pytest.mark.parametrize("wrong", [{"openReturns": "Infinity"}, {"total": {"amount": "NaN", "currencyCode": "EUR"}}])
async def test_a_sale_that_no_refund_follows_from_is_garbled(
    wrong: dict[str, Any], service: Callable[[SystemRole], Any]
) -> None:
    """Nor does anybody work out a refund from what is no number."""
    oms = service(SystemRole.OMS)
    answer = oms.answers["/v1/sales/lookup"]
    answer["items"][0]["lines"][0] |= wrong
    oms.answers["/v1/sales/lookup"] = httpx.Response(200, json=answer)
    with pytest.raises(UpstreamGarbled):
        await connect_oms(AT, oms.wire()).returns.sales(frozenset({OrderId("ord-000001")}))


@pytest.mark.parametrize("pages", [[], [{}, {}]])
async def test_pages_that_do_not_match_their_queries(pages: list[Any], service: Callable[[SystemRole], Any]) -> None:
    """A search with more or fewer pages than queries is garbled: nobody can say whose page is whose."""
    oms = service(SystemRole.OMS)
    oms.answers["/v1/orders/search"] = {"asOf": "2026-03-02T10:15:30Z", "pages": pages}
    with pytest.raises(UpstreamGarbled):
        await connect_oms(AT, oms.wire()).orders.of_customer(frozenset({OrderQuery(CustomerId("cust-00001"), 5)}))


async def test_answers_that_do_not_match_their_questions(service: Callable[[SystemRole], Any]) -> None:
    """The same holds for evaluations."""
    engine = service(SystemRole.LOYALTY)
    engine.answers["/v1/promotions/evaluate"] = {"asOf": "2026-03-02T10:15:30Z", "answers": []}
    with pytest.raises(UpstreamGarbled):
        await connect_loyalty(AT, engine.wire()).promotions.evaluate(frozenset({Basket(currency_code="EUR", lines=())}))


async def test_a_refused_read_is_rejected(service: Callable[[SystemRole], Any]) -> None:
    """A 4xx is a healthy service that says no."""
    crm = service(SystemRole.CRM)
    crm.answers["/v1/customers/resolve"] = httpx.Response(403, json={"title": "No", "status": 403, "code": "SCOPE"})
    with pytest.raises(UpstreamRejected) as rejected:
        await connect_crm(AT, crm.wire()).identities(frozenset({CustomerKey(None, "ada@example.com")}))
    assert (rejected.value.status, rejected.value.reason) == (403, "SCOPE")
