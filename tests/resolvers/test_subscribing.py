"""What a subscription answers on each occasion, who may watch, and what it follows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domains.durable import Event
from domains.vocabulary import SystemRole, UpstreamTimeout
from gateway.engine import Answer
from resolvers.context import Caller, Context
from resolvers.subscribing import BALANCES, ORDERS, RETURNS, STOCK, Occasion, Topic, topics_of
from tests.resolvers.world import ADA, ASSOCIATE, BOB, ENGINE, EVERYTHING, GUEST, World

ORDER = 'subscription { found: orderStatusChanged(orderId: "Order:ord-000001") { id } }'
RETURN = 'subscription { found: returnStatusChanged(returnAuthorizationId: "ret-000001") { id } }'
BALANCE = 'subscription { found: loyaltyBalanceChanged(membershipId: "mem-00001") { available { value } } }'
AT_STORES = """subscription { found: availabilityChanged(skus: ["SKU-00001", "SKU-00002"],
  locations: ["store-001", "store-002"]) { sku } }"""
NETWORK = 'subscription { found: availabilityChanged(skus: ["SKU-00001", "SKU-00002"]) { sku } }'


async def answered(world: World, document: str, occasion: Occasion, caller: Caller = ASSOCIATE) -> Answer:
    context = Context.open(caller, world.retail(), world.now)
    try:
        return await ENGINE.run(document, {}, None, context, occasion=occasion, held=EVERYTHING)
    finally:
        context.loaders.close()


@pytest.mark.parametrize(("caller", "seen"), [(ADA, True), (ASSOCIATE, True), (BOB, False), (GUEST, False)])
@pytest.mark.parametrize(
    ("document", "topic"),
    [
        (ORDER, Topic(ORDERS, "Order:ord-000001")),
        (RETURN, Topic(RETURNS, "ReturnAuthorization:ret-000001")),
        (BALANCE, Topic(BALANCES, "LoyaltyMembership:mem-00001")),
    ],
)
async def test_a_topic_is_followed_by_whoever_may_see_it(
    world: World, document: str, topic: Topic, caller: Caller, seen: bool
) -> None:
    """The owner and those who serve follow it; to others it is not there, and nothing is followed."""
    occasion = Occasion()
    answer = await answered(world, document, occasion, caller)
    if seen:
        assert (answer.errors, occasion.topics, occasion.gone) == ((), frozenset({topic}), False)
    else:
        assert (answer.code, occasion.topics, occasion.gone) == ("NOT_FOUND", None, True)
        assert answer.data == {"found": None}


async def test_stock_is_answered_for_what_changed(world: World) -> None:
    """Everything at first, then the products that an event was about, and nothing for other places' news."""
    first = Occasion()
    answer = await answered(world, AT_STORES, first, GUEST)
    assert answer.data is not None
    assert [one["sku"] for one in answer.data["found"]] == ["SKU-00001"] * 2 + ["SKU-00002"] * 2  # type: ignore[attr-defined]  # a list
    assert first.topics is not None
    assert Topic(STOCK, "Product:SKU-00002@store-001") in first.topics
    then = Occasion(frozenset({Topic(STOCK, "Product:SKU-00002@store-002")}), 0.0)
    assert (await answered(world, AT_STORES, then, GUEST)).data == {"found": [{"sku": "SKU-00002"}] * 2}


@pytest.mark.parametrize(
    ("document", "location_id", "heard"),
    [
        (AT_STORES, "store-002", True),
        (AT_STORES, "store-003", False),
        (AT_STORES, None, True),
        (NETWORK, "store-003", True),
        (NETWORK, None, True),
    ],
)
async def test_news_of_stock_reach_whom_they_concern(
    world: World, document: str, location_id: str | None, heard: bool
) -> None:
    """A place's figure is made of its own stock, the network's of every place's."""
    occasion = Occasion()
    await answered(world, document, occasion, GUEST)
    assert occasion.topics is not None
    told = topics_of(event("retail.stock.changed.v1", "Product:SKU-00001", {"locationId": location_id}))
    assert bool(occasion.topics & set(told)) is heard


def event(type_: str, subject: str | None, data: Any = None) -> Event:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    raw = msgspec.Raw(msgspec.json.encode(data))
    return Event(id="1", type=type_, source="test", time=at, subject=subject, sequence=1, data=raw)


def test_any_verb_of_a_subject_is_news_of_it() -> None:
    """What flows announce of an order is as much its news as what the OMS tells; news of nobody is nobody's."""
    for verb in ("accepted", "changed", "canceled"):
        assert topics_of(event(f"retail.order.{verb}.v1", "Order:1")) == (Topic(ORDERS, "Order:1"),)
    assert topics_of(event("retail.order.changed.v1", None)) == ()
    assert topics_of(event("retail.stock.changed.v1", "Product:1", "?"))[1] == Topic(STOCK, "Product:1@")


async def test_what_a_failing_system_leaves_out_is_marked(world: World) -> None:
    """A failure is the field's own, said to the stream so that it asks again, and no ownership is taken for granted."""
    world.fail(UpstreamTimeout(SystemRole.OMS, "orders"), "orders.by_id")
    occasion = Occasion()
    answer = await answered(world, ORDER, occasion, ADA)
    assert (answer.code, occasion.stands_in, occasion.topics) == ("UPSTREAM_TIMEOUT", True, None)
