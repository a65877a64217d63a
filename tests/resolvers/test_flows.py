"""Slow writes and exceptions at the counter: who sees what, and what an order says while it waits for its document."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from domains import orders
from domains.durable import Flow, FlowQuery, FlowState, JournalUnavailable, StepState
from domains.vocabulary import OrderId
from resolvers.context import Caller
from tests.resolvers.fakes import Fake, page_of
from tests.resolvers.goods import flow, order
from tests.resolvers.world import ADA, ASSOCIATE, BOB, GUEST, OPERATIONS, World, granted

OURS = "web-0123456789abcde"
FOLLOW = "query($id: ID, $correlation: String) { flow(id: $id, correlationId: $correlation) { id why steps { why } } }"
POSTED = "query($id: ID!) { order(id: $id) { erpPosting { state documentNumber } } }"


def waits_for(world: World, state: StepState, flow_state: FlowState = FlowState.WAITING) -> None:
    """An order of ours whose submission stands at its document in that state."""
    ours = msgspec.structs.replace(order(1), id=OrderId(OURS))
    world.orders = replace(world.orders, by_id=Fake[OrderId, orders.Order]({OrderId(OURS): ours}))
    taken, posts = flow(f"Order:{OURS}").steps
    steps = (taken, msgspec.structs.replace(posts, state=state))
    about = msgspec.structs.replace(flow(f"Order:{OURS}"), state=flow_state, steps=steps)
    pages = Fake[FlowQuery, Any](lambda query: page_of([about], query.first, query.after))
    world.durable = replace(world.durable, flows_about=pages)


@pytest.mark.parametrize(
    ("caller", "sees", "why"),
    [(OPERATIONS, True, True), (ASSOCIATE, True, True), (ADA, True, False), (BOB, False, False), (GUEST, False, False)],
    ids=lambda value: value.subject if isinstance(value, Caller) else str(value),
)
async def test_a_flow_is_for_those_who_serve_and_who_began_it(
    world: World, caller: Caller, sees: bool, why: bool
) -> None:
    """By its id or its request's correlation id; why a step waits is for those who serve."""
    for variables in ({"id": "Flow:flow-1"}, {"id": "flow-1"}, {"correlation": "corr-1"}):
        shown = (await world.data(FOLLOW, caller, **variables))["flow"]
        assert (shown is not None) == sees
        if shown is not None:
            assert (shown["why"] is not None) == why
            assert [step["why"] is not None for step in shown["steps"]] == [False, why]


async def test_a_guest_sees_no_flow_of_another_guest(world: World) -> None:
    """Callers without an account share one name, which therefore says nothing."""
    shared: Flow = flow(caller=GUEST.subject)
    world.durable = replace(world.durable, flows=Fake[str, Flow]({"flow-1": shared}))
    assert (await world.data(FOLLOW, GUEST, id="flow-1"))["flow"] is None


@pytest.mark.parametrize("listed", ["flows", "businessExceptions", "reconciliations"])
@pytest.mark.parametrize("caller", [ASSOCIATE, ADA, GUEST], ids=lambda caller: caller.subject)
async def test_lists_are_for_operations(world: World, listed: str, caller: Caller) -> None:
    """Everybody else is told so, and nothing is read."""
    answer = await world.ask(f"{{ {listed} {{ nodes {{ id }} }} }}", caller, granted(caller))
    assert (answer.data, answer.code) == (None, "FORBIDDEN")
    assert world.calls() == {}
    assert len((await world.data(f"{{ {listed} {{ nodes {{ id }} }} }}", OPERATIONS))[listed]["nodes"]) == 1


async def test_who_may_see_the_order_sees_its_flow(world: World) -> None:
    """A customer reads how far an order has come, of a page of orders in one question; not why it waits."""
    document = '{ me { orders { nodes { id flow(kind: "order.submit") { state steps { name reference why } } } } } }'
    shown = (await world.data(document, ADA))["me"]["orders"]["nodes"]
    assert [one["flow"]["state"] for one in shown] == ["WAITING"] * 3
    assert shown[0]["flow"]["steps"][0] == {"name": "take-order", "reference": "R1", "why": None}
    (asked,) = world.fakes()["durable.flows_about"].calls
    assert asked == {FlowQuery(1, subject=one["id"], kind="order.submit") for one in shown}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (StepState.PENDING, "QUEUED"),
        (StepState.RUNNING, "QUEUED"),
        (StepState.WAITING, "QUEUED"),
        (StepState.REFUSED, "EXCEPTION"),
        (StepState.NEEDS_PERSON, "EXCEPTION"),
    ],
)
async def test_an_order_that_waits_for_its_document_says_so(world: World, state: StepState, said: str) -> None:
    """The ERP is not asked for a document that nobody has posted yet."""
    waits_for(world, state)
    shown = await world.data(POSTED, ASSOCIATE, id=OURS)
    assert shown["order"]["erpPosting"] == {"state": said, "documentNumber": None}
    assert "finance.postings" not in world.calls()


@pytest.mark.parametrize(
    ("state", "flow_state"), [(StepState.DONE, FlowState.RUNNING), (StepState.SKIPPED, FlowState.COMPLETED)]
)
async def test_once_it_is_posted_the_books_are_asked(world: World, state: StepState, flow_state: FlowState) -> None:
    """The step is done, or a person settled it by hand: then the books know."""
    waits_for(world, state, flow_state)
    shown = await world.data(POSTED, ASSOCIATE, id=OURS)
    assert shown["order"]["erpPosting"] == {"state": "POSTED", "documentNumber": "5000001"}


async def test_without_the_journal_the_books_are_asked(world: World) -> None:
    """A journal that is away costs the words of the flow, and not the answer; the flow itself is an error."""
    waits_for(world, StepState.WAITING)
    world.fail(JournalUnavailable("gone"), "durable.flows_about")
    both = POSTED.replace("documentNumber }", "documentNumber } flow { id }")
    answer = await world.ask(both, ASSOCIATE, id=OURS)
    assert answer.data == {"order": {"erpPosting": {"state": "POSTED", "documentNumber": "5000001"}, "flow": None}}
    assert answer.code == "JOURNAL_UNAVAILABLE"


async def test_a_page_of_flows_goes_on_where_it_ended(world: World) -> None:
    """`after` and the filter reach the journal as they are."""
    cursor = (await world.data("{ flows { edges { cursor } } }", OPERATIONS))["flows"]["edges"][0]["cursor"]
    document = """query($after: String, $filter: FlowFilterInput) {
      flows(first: 5, after: $after, filter: $filter) { pageInfo { hasNextPage hasPreviousPage } } }"""
    wanted = {"state": "WAITING", "kind": "order.submit", "subject": "Order:o-1", "correlationId": "c-1"}
    page = await world.data(document, OPERATIONS, after=cursor, filter=wanted)
    assert page["flows"]["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True}
    assert world.fakes()["durable.flows_about"].calls[-1] == {
        FlowQuery(5, "flow-1", "Order:o-1", "c-1", "order.submit", FlowState.WAITING)
    }


async def test_a_flow_is_named_in_one_way(world: World) -> None:
    """Neither name and both names are wrong input, and so is a note of nothing."""
    ways: list[dict[str, Any]] = [{}, {"id": "flow-1", "correlation": "corr-1"}]
    for variables in ways:
        assert (await world.ask(FOLLOW, OPERATIONS, **variables)).code == "BAD_USER_INPUT"
    resolve = """mutation { businessExceptionResolve(input: {exceptionId: "e", note: "  ", idempotencyKey: "k"}) {
      __typename } }"""
    assert (await world.ask(resolve, OPERATIONS)).code == "BAD_USER_INPUT"
