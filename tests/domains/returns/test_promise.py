"""At a desk a return is promised while the OMS is down, and the OMS is told later, once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.returns import (
    ItemNotReturnable,
    OrderNotFound,
    ReturnAuthorization,
    ReturnStatus,
    ReturnWindowExpired,
    authorize,
    confirm,
    may_be_promised,
    name_of_return,
    promised_return,
)
from domains.vocabulary import (
    BackendUnavailable,
    BreakerOpen,
    DeadlineExceeded,
    IdempotencyConflict,
    IdempotencyKey,
    InvalidInput,
    OrderId,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
    UpstreamSaturated,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tests.domains.returns.desk import NOW, STORE, Desk, at_desk, back, command, desk, euros, policy, sold

DOWN = [UpstreamTimeout, UpstreamUnreachable, DeadlineExceeded, BreakerOpen, UpstreamSaturated]
NAME = name_of_return(IdempotencyKey("key-1"))


def down(kind: type[UpstreamError] = UpstreamUnreachable) -> UpstreamError:
    return kind(SystemRole.OMS, "returns")


async def promised(at: Desk, *, now_known: bool) -> ReturnAuthorization:
    """The promise, and whether it was judged by the sale."""
    answer = await authorize(at.port(), at_desk(back("1", "2")), NOW)
    assert isinstance(answer, ReturnAuthorization)
    assert (answer.provisional, answer.status) == (True, ReturnStatus.AUTHORIZED)
    assert (answer.estimated_refund is not None) is now_known
    return answer


@pytest.mark.parametrize("kind", DOWN)
@pytest.mark.parametrize("read", ["sales_error", "policies_error"])
async def test_what_nobody_can_judge_is_promised_within_its_bounds(kind: type[UpstreamError], read: str) -> None:
    """Without sale or policies the associate still gets a number, as large as was asked for, and no refund."""
    at = desk()
    setattr(at, read, down(kind))
    answer = await promised(at, now_known=False)
    assert (answer.id, answer.rma_number, answer.authorized_at) == (*NAME, "store-007")
    (line,) = answer.lines
    assert (line.quantity_requested, line.quantity_authorized) == (Decimal(2), Decimal(2))
    assert line.order_line_id == "1"
    with pytest.raises(InvalidInput):
        await authorize(at.port(), at_desk(back("1", "0")), NOW)


@pytest.mark.parametrize("kind", DOWN)
async def test_what_is_still_known_judges_the_promise(kind: type[UpstreamError]) -> None:
    """With sale and policies at hand the promise says what it refunds, and what they forbid is refused."""
    at = desk(sold("1"), sold("2", delivered_at=NOW.replace(year=2025)))
    at.record_error = down(kind)
    answer = await promised(at, now_known=True)
    assert answer.estimated_refund == euros("6.66")
    assert isinstance(await authorize(at.port(), at_desk(back("2")), NOW), ReturnWindowExpired)
    assert isinstance(await authorize(at.port(), at_desk(back(), order_id=OrderId("ord-404")), NOW), OrderNotFound)


async def test_pieces_on_their_way_back_are_not_promised_again() -> None:
    """What open returns hold may be this very return, unheard; nobody promises it while the OMS cannot say."""
    at = desk(sold("1", open_returns=2))
    at.record_error = down()
    answer = await authorize(at.port(), at_desk(back("1", "2")), NOW)
    assert isinstance(answer, BackendUnavailable)


async def test_a_customer_is_promised_nothing() -> None:
    """Who is not at a desk is told to try again."""
    at = desk()
    at.sales_error = down()
    assert isinstance(await authorize(at.port(), command(back()), NOW), BackendUnavailable)


async def test_a_no_is_no_outage() -> None:
    """What the OMS refuses is refused at a desk too, and a name that is taken is a key that came before."""
    at = desk()
    at.record_error = UpstreamRejected(SystemRole.OMS, "returns", status=409, reason="RETURN_ID_TAKEN")
    assert isinstance(await authorize(at.port(), at_desk(back()), NOW), IdempotencyConflict)


async def test_a_promise_is_kept_under_its_name() -> None:
    """The OMS is told the id and number that the customer knows, under the key of the step, with the refund."""
    at = desk()
    answer = await confirm(at.port(), at_desk(back("1", "2")), IdempotencyKey("flow-1:record-return"), NOW)
    assert isinstance(answer, ReturnAuthorization)
    ((draft, key),) = at.records
    assert (draft.return_id, draft.rma_number, draft.method) == (*NAME, STORE)
    assert (draft.estimated_refund, key) == (euros("6.66"), "flow-1:record-return")


async def test_a_promise_is_judged_as_of_its_moment() -> None:
    """A window that closed since does not break it; an item that could never come back does."""
    at = desk(sold("1"), sold("2"))
    ask = at_desk(back("1"))
    assert isinstance(await confirm(at.port(), ask, IdempotencyKey("k"), NOW), ReturnAuthorization)
    assert isinstance(await confirm(at.port(), ask, IdempotencyKey("k"), NOW + timedelta(days=60)), ReturnWindowExpired)
    at.rules = {rules.sku: rules for rules in (policy("1", final_sale=True),)}
    assert isinstance(await confirm(at.port(), ask, IdempotencyKey("k"), NOW), ItemNotReturnable)


@given(key=st.text())
def test_number_and_id_tell_each_other(key: str) -> None:
    """A key names one return; its number leads to its id however it is spelled on the telephone."""
    name = name_of_return(IdempotencyKey(key))
    assert name == name_of_return(IdempotencyKey(key))
    spelled = name.rma_number.replace("0", "o").replace("1", "l").replace("-", "").lower()
    assert promised_return(name.rma_number) == promised_return(spelled) == name.id
    assert may_be_promised(name.id)


@given(number=st.text())
def test_no_other_number_is_a_promise(number: str) -> None:
    """Numbers of the OMS, and anything else that is typed in, lead to no promised return."""
    assert promised_return(f"RMA-{number}") is None
    found = promised_return(number)
    assert found is None or may_be_promised(found)
