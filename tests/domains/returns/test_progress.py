"""What is done to a return that there is already: once, in order, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from domains.returns import (
    ApproveReturn,
    CancelReturn,
    DeclineReturn,
    IllegalReturnState,
    QuantityExceeded,
    ReceivedLine,
    ReceivedReturn,
    ReceiveReturn,
    RefundType,
    ReturnAuthorization,
    ReturnDisposition,
    ReturnMethod,
    ReturnNotFound,
    ReturnReason,
    Returns,
    ReturnStatus,
    approve,
    cancel,
    decline,
    may_become,
    receive,
)
from domains.vocabulary import (
    BackendUnavailable,
    IdempotencyConflict,
    IdempotencyKey,
    InvalidInput,
    Refusal,
    ReturnId,
    SystemRole,
    UpstreamRejected,
    UpstreamTimeout,
)
from tests.domains.returns.oms import Oms, no

RESTOCKED, MISSING = ReturnDisposition.RESTOCKED, ReturnDisposition.MISSING
Act = Callable[[Returns, str, str], Awaitable[ReturnAuthorization | ReceivedReturn | Refusal]]


def lines(quantity: str = "1", line_id: str = "1", disposition: ReturnDisposition = RESTOCKED) -> ReceivedLine:
    return ReceivedLine(line_id=line_id, quantity=Decimal(quantity), disposition=disposition)


def taking_in(*received: ReceivedLine, id_: str = "ret-1", key: str = "k") -> ReceiveReturn:
    return ReceiveReturn(return_id=ReturnId(id_), lines=received, idempotency_key=IdempotencyKey(key))


async def _approve(returns: Returns, id_: str, key: str) -> ReturnAuthorization | Refusal:
    return await approve(returns, ApproveReturn(return_id=ReturnId(id_), idempotency_key=IdempotencyKey(key)))


async def _decline(returns: Returns, id_: str, key: str) -> ReturnAuthorization | Refusal:
    command = DeclineReturn(return_id=ReturnId(id_), reason="Worn.", idempotency_key=IdempotencyKey(key))
    return await decline(returns, command)


async def _cancel(returns: Returns, id_: str, key: str) -> ReturnAuthorization | Refusal:
    return await cancel(returns, CancelReturn(return_id=ReturnId(id_), idempotency_key=IdempotencyKey(key)))


async def _receive(returns: Returns, id_: str, key: str) -> ReceivedReturn | Refusal:
    return await receive(returns, taking_in(lines("2"), id_=id_, key=key))


ACTS: list[tuple[Act, ReturnStatus, ReturnStatus]] = [
    (_approve, ReturnStatus.REQUESTED, ReturnStatus.AUTHORIZED),
    (_decline, ReturnStatus.REQUESTED, ReturnStatus.DECLINED),
    (_cancel, ReturnStatus.AUTHORIZED, ReturnStatus.CANCELED),
    (_receive, ReturnStatus.AUTHORIZED, ReturnStatus.RECEIVED),
]


def shop(status: ReturnStatus, *, provisional: bool = False) -> Oms:
    oms = Oms()
    oms.put(
        status,
        reason=ReturnReason.STYLE,
        method=ReturnMethod.RETURN_BY_MAIL,
        refund_type=RefundType.FULL_REFUND,
        provisional=provisional,
    )
    return oms


@pytest.mark.parametrize(("act", "before", "after"), ACTS)
async def test_a_return_moves_on_once(act: Act, before: ReturnStatus, after: ReturnStatus) -> None:
    """What is allowed is done; a repeat under the same key hears the same, another key is told how far it has come."""
    oms = shop(before)
    first = await act(oms.port(), "ret-1", "k")
    assert not isinstance(first, Refusal)
    assert oms.returns[ReturnId("ret-1")].status is after
    assert await act(oms.port(), "ret-1", "k") == first
    again = await act(oms.port(), "ret-1", "another")
    assert isinstance(again, IllegalReturnState)
    assert again.state in (after, ReturnStatus.UNKNOWN)


@pytest.mark.parametrize(("act", "before", "after"), ACTS)
async def test_a_lost_answer_is_heard_by_a_repeat(act: Act, before: ReturnStatus, after: ReturnStatus) -> None:
    """A write that was done unheard is safe to repeat with its key, wherever the return stands by then."""
    oms = shop(before)
    oms.lost = UpstreamTimeout(SystemRole.OMS, "returns")
    unheard = await act(oms.port(), "ret-1", "k")
    assert isinstance(unheard, BackendUnavailable)
    assert "safe to repeat" in unheard.message
    assert not isinstance(await act(oms.port(), "ret-1", "k"), Refusal)
    assert oms.returns[ReturnId("ret-1")].status is after


@pytest.mark.parametrize("status", ReturnStatus)
@pytest.mark.parametrize(("act", "before", "after"), ACTS)
async def test_what_the_lifecycle_forbids_is_refused_with_the_state(
    act: Act, before: ReturnStatus, after: ReturnStatus, status: ReturnStatus
) -> None:
    """From every status the step is taken, or refused with a sentence; what it was is never lost."""
    oms = shop(status)
    answer = await act(oms.port(), "ret-1", "k")
    if isinstance(answer, Refusal):
        assert isinstance(answer, IllegalReturnState)
        assert not may_become(status, after) or status is ReturnStatus.UNKNOWN
        assert answer.state in (status, ReturnStatus.UNKNOWN)
        assert answer.message.endswith("Read the return again.")
        assert oms.returns[ReturnId("ret-1")].status is status
    else:
        assert may_become(status, after)
    assert before in (ReturnStatus.REQUESTED, ReturnStatus.AUTHORIZED)


@pytest.mark.parametrize(("act", "before", "_after"), ACTS)
async def test_without_the_oms_nothing_moves(act: Act, before: ReturnStatus, _after: ReturnStatus) -> None:
    """An OMS that cannot be asked is told as such, and so is a return that it does not have, or not yet."""
    oms = shop(before)
    oms.error = UpstreamTimeout(SystemRole.OMS, "returns")
    down = await act(oms.port(), "ret-1", "k")
    assert isinstance(down, BackendUnavailable)
    assert down.retryable
    assert isinstance(await act(shop(before).port(), "ret-404", "k"), ReturnNotFound)
    promised = await act(shop(before, provisional=True).port(), "ret-1", "k")
    assert isinstance(promised, BackendUnavailable)
    assert "not yet in the order system" in promised.message


@pytest.mark.parametrize(("act", "before", "_after"), ACTS)
@pytest.mark.parametrize(
    ("reason", "refusal"), [("RETURN_NOT_FOUND", ReturnNotFound), ("IDEMPOTENCY_CONFLICT", IdempotencyConflict)]
)
async def test_each_no_of_the_oms_has_its_refusal(
    act: Act, before: ReturnStatus, _after: ReturnStatus, reason: str, refusal: type
) -> None:
    """The reasons of the contract are refusals; any other is ours to mend, and raised."""
    oms = shop(before)
    oms.lost = no(reason)
    assert isinstance(await act(oms.port(), "ret-1", "k"), refusal)
    oms = shop(before)
    oms.lost = no("SOMETHING_NEW")
    with pytest.raises(UpstreamRejected):
        await act(oms.port(), "ret-1", "k")


async def test_goods_come_in_deliveries() -> None:
    """A return is received in parts; each part says what product came and what becomes of it."""
    oms = shop(ReturnStatus.AUTHORIZED)
    first = await receive(oms.port(), taking_in(lines("1"), key="a"))
    assert isinstance(first, ReceivedReturn)
    assert first.authorization.status is ReturnStatus.PARTIALLY_RECEIVED
    ((sku, quantity, disposition),) = [(one.sku, one.quantity, one.disposition) for one in first.goods]
    assert (sku, disposition) == ("SKU-1", RESTOCKED)
    assert quantity == 1
    second = await receive(oms.port(), taking_in(lines("1", disposition=MISSING), key="b"))
    assert isinstance(second, ReceivedReturn)
    assert second.authorization.status is ReturnStatus.RECEIVED


async def test_more_than_was_authorized_is_not_received() -> None:
    """The refusal says how much may still come, and where in the input it was too much."""
    oms = shop(ReturnStatus.AUTHORIZED)
    over = await receive(oms.port(), taking_in(lines("1.5"), lines("1", disposition=MISSING)))
    assert isinstance(over, QuantityExceeded)
    assert over.available == 2
    assert over.path == ("input", "lines", "0", "quantity")


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (taking_in(), ("input", "lines")),
        (taking_in(lines("0")), ("input", "lines", 0, "quantity")),
        (taking_in(lines("1"), lines("1", line_id="9")), ("input", "lines", 1, "lineId")),
    ],
)
async def test_a_receipt_of_nothing_raises(command: ReceiveReturn, path: tuple[str | int, ...]) -> None:
    """No lines, no pieces and no such line are wrong input, and nothing is received."""
    oms = shop(ReturnStatus.AUTHORIZED)
    with pytest.raises(InvalidInput) as caught:
        await receive(oms.port(), command)
    assert caught.value.path == path
    assert oms.answers == {}


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
async def test_a_no_has_a_reason(reason: str) -> None:
    """A customer is told why in words, and not in a book."""
    command = DeclineReturn(return_id=ReturnId("ret-1"), reason=reason, idempotency_key=IdempotencyKey("k"))
    with pytest.raises(InvalidInput):
        await decline(shop(ReturnStatus.REQUESTED).port(), command)
