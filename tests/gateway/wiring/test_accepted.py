"""Orders that were accepted and that the OMS does not have yet are read from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domains.durable import Durable, Flow, FlowQuery, FlowState
from domains.flows.order_identity import order_number_of
from domains.loyalty import RedemptionNotFound
from domains.orders import Lifecycle, Order, OrderFacts, Orders, OrderStatus, status_of
from domains.vocabulary import (
    EachByItself,
    FreshnessTier,
    OrderId,
    Page,
    Reading,
    Record,
    SystemRole,
    UpstreamError,
    UpstreamTimeout,
)
from gateway.wiring.accepted import with_accepted
from resolvers.kept_answers import written_answer
from tests.journal import Journal

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OURS = OrderId("web-0123456789abcde")
THEIRS = OrderId("ord-000001")
NUMBER = order_number_of(OURS)


def order(id_: OrderId, number: str, raw: str | None = None) -> Order:
    return Order(
        id=id_, order_number=number, placed_at=NOW, facts=OrderFacts(lifecycle=Lifecycle.CREATED, raw=raw), lines=()
    )


class Oms:
    """Orders by key, one failure for those that are broken, and what was asked."""

    def __init__(self, *rows: Order) -> None:
        self.rows = {key: row for row in rows for key in (row.id, row.order_number)}
        self.broken: dict[str, UpstreamError] = {}

    async def __call__(self, keys: frozenset[Any], /) -> Mapping[Any, Reading[Order]]:
        for key in keys & self.broken.keys():
            raise self.broken[key]
        return {key: heard(self.rows[key]) for key in keys & self.rows.keys()}

    async def outcomes(self, keys: frozenset[Any], /) -> Mapping[Any, Reading[Order] | UpstreamError]:
        broken = {key: self.broken[key] for key in keys & self.broken.keys()}
        return {**await self(keys - broken.keys()), **broken}


def heard(row: Order) -> Reading[Order]:
    return Reading(row, "oms:test", FreshnessTier.LIVE, NOW.timestamp(), 5.0)


def journal(answer: Record | None = None, state: FlowState = FlowState.WAITING) -> tuple[Journal, Durable]:
    """A journal whose newest answer about OURS is `answer`, and whose submission of it is in `state`."""
    kept = Journal()
    if answer is not None:
        kept.answered[f"Order:{OURS}"] = written_answer(answer, (Order, RedemptionNotFound), NOW)

    async def flows_about(queries: frozenset[FlowQuery], /) -> Mapping[FlowQuery, Reading[Page[Flow]]]:
        flow = Flow(
            id="flow-1",
            kind="order.submit",
            state=state,
            subject=f"Order:{OURS}",
            title="order",
            caller="ada",
            correlation_id="c",
            accepted_at=NOW,
        )
        return {query: Reading(Page(items=(flow,)), "journal", FreshnessTier.LIVE, 0.0, 0.0) for query in queries}

    return kept, replace(kept.durable(), flows_about=flows_about)


def orders(oms: Oms, durable: Durable) -> Orders:
    async def of_customer(keys: frozenset[Any], /) -> Mapping[Any, Reading[Page[Order]]]:
        return {}

    return with_accepted(Orders(by_id=oms, by_number=oms, of_customer=of_customer), durable)


async def test_an_accepted_order_is_read_by_id_and_by_number() -> None:
    """What the OMS does not have is what was answered, and says that it is from the journal."""
    _, durable = journal(order(OURS, NUMBER))
    both = orders(Oms(order(THEIRS, "R1")), durable)
    by_id = await both.by_id(frozenset({OURS, THEIRS}))
    by_number = await both.by_number(frozenset({NUMBER, "R1", "R2"}))
    assert {key: found.source for key, found in by_id.items()} == {OURS: "journal", THEIRS: "oms:test"}
    assert {key: found.value.id for key, found in by_number.items()} == {NUMBER: OURS, "R1": THEIRS}


async def test_once_the_oms_has_it_the_journal_is_not_asked() -> None:
    """The OMS's own word counts, and a journal that is away keeps nobody from it, nor from what was never ours."""
    kept, durable = journal(order(OURS, NUMBER))
    kept.failing = {"answers"}
    found = await orders(Oms(order(OURS, NUMBER, raw="PICKING")), durable).by_id(frozenset({OURS, OrderId("ord-9")}))
    assert {key: one.value.facts.raw for key, one in found.items()} == {OURS: "PICKING"}


@pytest.mark.parametrize("state", [FlowState.COMPENSATED, FlowState.CANCELED])
async def test_an_order_that_was_given_up_is_canceled(state: FlowState) -> None:
    """A submission that came to nothing before the OMS had the order reads as canceled, and not as on its way."""
    _, durable = journal(order(OURS, NUMBER), state)
    found = await orders(Oms(), durable).by_id(frozenset({OURS}))
    assert status_of(found[OURS].value.facts) is OrderStatus.CANCELED


async def test_what_was_answered_otherwise_is_no_order() -> None:
    """An id that may be ours and is not, and an answer that is no order, are not found."""
    for answer in (None, RedemptionNotFound(message="none")):
        _, durable = journal(answer)
        assert await orders(Oms(), durable).by_id(frozenset({OURS})) == {}


async def test_a_failing_oms_is_not_stood_in_for() -> None:
    """While the OMS fails nobody knows how far an order has come: its failure is told, and spares the others."""
    oms = Oms(order(THEIRS, "R1"))
    error = UpstreamTimeout(SystemRole.OMS, "orders")
    oms.broken[OURS] = error
    _, durable = journal(order(OURS, NUMBER))
    by_id = orders(oms, durable).by_id
    assert isinstance(by_id, EachByItself)
    found = await by_id.outcomes(frozenset({OURS, THEIRS}))
    assert found[OURS] is error
    assert isinstance(found[THEIRS], Reading)
    with pytest.raises(UpstreamTimeout):
        await by_id(frozenset({OURS}))
