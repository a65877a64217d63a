"""Flows as people ask for them: a page of orders asks for its newest flows in one question."""

from __future__ import annotations

from sqlalchemy import event

from domains.durable import FlowQuery, NeedsPerson, Refused
from tests.gateway.durable.shop import House


async def test_the_newest_flow_of_many_subjects_is_one_question(house: House) -> None:
    """Each has its own newest, of a kind or of all, and is told that there are older ones; others ask as they did."""
    for number in range(30):
        await house.accept(str(number))
    await house.accept("7", "flow-7-again")
    statements: list[str] = []
    engine = house.journal.database.writing.engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(*given: object) -> None:
        statements.append(str(given[2]))

    queries = [
        FlowQuery(first=1, subject=f"Sale:{number}", kind=kind) for number in range(40) for kind in ("sale", None)
    ]
    found = await house.journal.durable.flows_about(frozenset(queries))
    event.remove(engine, "before_cursor_execute", note)
    assert len([one for one in statements if one.startswith("SELECT")]) == 6  # places, flows and steps, twice
    for query in queries:
        number = int(str(query.subject).removeprefix("Sale:"))
        newest = {7: ["flow-7-again"]}.get(number, [f"flow-{number}"]) if number < 30 else []
        page = found[query].value
        assert ([flow.id for flow in page.items], page.has_next) == (newest, number == 7)
    longer = FlowQuery(first=2, subject="Sale:7")
    page = (await house.journal.durable.flows_about(frozenset({longer})))[longer].value
    assert [flow.id for flow in page.items] == ["flow-7-again", "flow-7"]


async def test_where_a_flow_stands(house: House) -> None:
    """At the step that stopped it, also on the way back, and at none once it is over."""
    house.shop.will("post", Refused("NO", "ERP refused: NO."))
    house.shop.will("take:undo", NeedsPerson("odd"))
    await house.accept()
    await house.work()
    await house.accept("2")
    house.shop.will("post", NeedsPerson("odd"))
    await house.work()
    assert ((await house.flow()).step, (await house.flow("flow-2")).step) == ("take", "post")
    await house.journal.durable.retry("flow-2", None)
    await house.work()
    assert (await house.flow("flow-2")).step is None
