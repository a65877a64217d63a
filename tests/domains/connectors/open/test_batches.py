"""More keys than one call may hold."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from domains.connectors.open import OpenSettings, connect_erp, connect_loyalty
from domains.connectors.open.client import CALLS_AT_ONCE
from domains.connectors.open.messages import KEYS_MAX, QUESTIONS_MAX
from domains.promotions import Basket, BasketLine
from domains.vocabulary import CustomerId, Money, Sku, SystemRole, UpstreamFailed

AT = OpenSettings("http://service.test")


def customers(count: int) -> frozenset[CustomerId]:
    return frozenset(CustomerId(f"cust-{n:05}") for n in range(count))


def everything_asked(ask: Any) -> dict[str, Any]:
    return {
        "asOf": "2026-03-02T10:15:30Z",
        "items": [{"customerId": id_, "status": "ACTIVE"} for id_ in ask.customer_ids],
    }


@pytest.mark.parametrize(("keys", "calls"), [(KEYS_MAX, 1), (KEYS_MAX + 1, 2), (KEYS_MAX * 9, 9)])
async def test_a_large_batch_becomes_several_calls(keys: int, calls: int, service: Callable[[SystemRole], Any]) -> None:
    """No call holds more keys than the contract allows, none is asked twice, and only so many are in flight."""
    erp = service(SystemRole.ERP)
    erp.answers["/v1/accounts/lookup"] = everything_asked
    found = await connect_erp(AT, erp.wire()).accounts(customers(keys))
    assert found.keys() == customers(keys)
    assert len(erp.asked) == calls
    assert sum(len(ask.customer_ids) for _, ask in erp.asked) == keys
    assert erp.in_flight_max <= CALLS_AT_ONCE


async def test_one_failed_call_fails_the_batch(service: Callable[[SystemRole], Any]) -> None:
    """An absent key means not found, so a batch that is known in part raises what its failed call raised."""
    erp = service(SystemRole.ERP)
    fine = everything_asked

    def half(ask: Any) -> Any:
        return fine(ask) if len(erp.asked) == 1 else httpx.Response(503)

    erp.answers["/v1/accounts/lookup"] = half
    with pytest.raises(UpstreamFailed):
        await connect_erp(AT, erp.wire()).accounts(customers(KEYS_MAX + 1))


async def test_baskets_go_out_in_smaller_batches(service: Callable[[SystemRole], Any]) -> None:
    """An evaluation holds few baskets, and each basket gets the answer that stands at its own place."""
    engine = service(SystemRole.LOYALTY)
    engine.answers["/v1/promotions/evaluate"] = lambda ask: {
        "asOf": "2026-03-02T10:15:30Z",
        "answers": [{"ruleVersion": basket.lines[0].sku} for basket in ask.baskets],
    }
    price = Money(amount=Decimal(1), currency_code="EUR")
    baskets = frozenset(
        Basket(currency_code="EUR", lines=(BasketLine(sku=sku, quantity=Decimal(1), unit_price=price),))
        for sku in (Sku(f"SKU-{n:05}") for n in range(QUESTIONS_MAX + 1))
    )
    promotions = connect_loyalty(AT, engine.wire()).promotions
    found = await promotions.evaluate(baskets)
    assert len(engine.asked) == 2
    assert all(reading.value.rule_version == basket.lines[0].sku for basket, reading in found.items())
