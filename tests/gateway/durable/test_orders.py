"""Orders in the journal, as their own workflow has it: what people do to one that stands still."""

from __future__ import annotations

from domains.durable import FlowState, Submission
from domains.flows import submission_workflow
from domains.loyalty import RedemptionState
from domains.vocabulary import UpstreamRejected, UpstreamTimeout
from tests.domains.flows.books import Books
from tests.domains.flows.goods import LOYALTY, REDEMPTION
from tests.domains.flows.standing import submission
from tests.gateway.durable.shop import House, open_house, write


async def accepted(house: House) -> None:
    order = Submission(flow_id="flow-1", kind="order.submit", command=submission(), correlation_id="corr-1")
    await house.journal.durable.settle(write("flow-1"), b'"an order"', order)


async def test_an_order_whose_points_could_not_be_looked_at_is_canceled(url: str) -> None:
    """The look changes nothing, so a lost answer of it keeps nobody from calling the order off: the hold made for it is
    given back, and whoever was told of the order is told of its end."""
    books = Books()
    async with open_house(url, workflows=[submission_workflow(books.systems())]) as house:
        await accepted(house)
        books.down[LOYALTY] = UpstreamTimeout(LOYALTY, "redemptions")
        await house.work()
        books.down[LOYALTY] = UpstreamRejected(LOYALTY, "redemptions", status=401)
        house.clock.now += 1
        await house.work()
        assert (await house.flow()).state is FlowState.NEEDS_PERSON
        books.down.clear()
        await house.journal.durable.cancel("flow-1")
        await house.work()
        assert (await house.flow()).state is FlowState.CANCELED
        assert books.redemptions[REDEMPTION].state is RedemptionState.VOIDED
        assert await house.told() == ["retail.order.accepted.v1", "retail.order.canceled.v1"]
