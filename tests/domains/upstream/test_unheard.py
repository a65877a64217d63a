"""What a caller is told of a write that an earlier attempt may have done."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from domains.upstream import Call, CallFinished, Verdict
from domains.vocabulary import (
    BreakerOpen,
    UpstreamError,
    UpstreamFailed,
    UpstreamRejected,
    UpstreamThrottled,
    UpstreamUnreachable,
)
from tests.domains.upstream.test_frames import left_by
from tests.domains.upstream.virtual_time import pass_time, run_virtual
from tests.domains.upstream.wires import QUICK, STOCK, Answer, Bench, as_json, in_order, status

RESERVE = Call("reservations", as_json, write=True, idempotency_key="k-1")
REPEATING = replace(QUICK, retries_max=2, retry_floor_per_s=10.0)
BUSY = status(429, {"Retry-After": "60"})


def lost(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("the connection was reset")


async def raised(bench: Bench, call: Call = RESERVE) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await bench.call(call)
    return caught.value


@pytest.mark.parametrize("busy", [(BUSY,), (status(429, {"Retry-After": "0"}), BUSY)])
def test_a_write_that_may_be_done_was_not_never_sent(busy: tuple[Answer, ...]) -> None:
    """The first answer is lost and the repeat is turned away: nobody may take it that nothing was done."""

    async def story() -> None:
        bench = Bench(in_order(lost, *busy), REPEATING)
        error = await raised(bench)
        assert len(bench.asked) == 1 + len(busy)
        assert isinstance(error, UpstreamUnreachable)
        assert isinstance(error.__cause__, UpstreamThrottled)
        assert [(event.error, event.verdict) for event in bench.heard(CallFinished)] == [
            ("UPSTREAM_UNREACHABLE", Verdict.FAILURE)
        ]

    run_virtual(story())


def test_nor_when_the_breaker_opens_before_the_repeat() -> None:
    """Others fail while a write waits to be repeated: it is not sent again, and may be done all the same."""

    async def story() -> None:
        bench = Bench(status(503), replace(REPEATING, minimum_calls=2, retry_base_s=0.4))
        repeated = asyncio.create_task(raised(bench))
        await pass_time(0.1)
        await raised(bench, replace(RESERVE, idempotency_key=None))
        assert isinstance(await repeated, UpstreamFailed)
        assert len(bench.asked) == 2
        assert isinstance(await raised(bench), BreakerOpen)

    run_virtual(story())


@pytest.mark.parametrize("call", [RESERVE, STOCK])
def test_what_was_turned_away_at_once_was_never_sent(call: Call) -> None:
    """A write that no attempt of which was carried out changed nothing, and of a read it does not matter."""

    async def story() -> None:
        first = BUSY if call.write else lost
        assert isinstance(await raised(Bench(in_order(first, BUSY), REPEATING), call), UpstreamThrottled)

    run_virtual(story())


def test_a_request_that_came_too_late_may_have_been_carried_out() -> None:
    """408 comes from gateways too, whose system goes on behind them: the repeat's being turned away says nothing."""

    async def story() -> None:
        bench = Bench(in_order(status(408), BUSY), REPEATING)
        assert isinstance(await raised(bench), UpstreamFailed)
        assert len(bench.asked) == 2

    run_virtual(story())


def test_a_refusal_of_the_repeat_is_an_answer() -> None:
    """What the system says to the repeat of a lost write is heard: it knows the key."""

    async def story() -> None:
        assert isinstance(await raised(Bench(in_order(lost, status(409)), REPEATING)), UpstreamRejected)

    run_virtual(story())


async def test_doubt_leaves_nothing_to_the_collector() -> None:
    """The error of the lost attempt does not hold the frame that raised it, nor that of the repeat."""
    bench = Bench(status(404), replace(REPEATING, retry_base_s=0.0, retry_floor_per_s=1000.0))

    async def call() -> object:
        bench.answer = in_order(lost, status(429, {"Retry-After": "0"}), status(429, {"Retry-After": "0"}))
        return await bench.call(RESERVE)

    assert await left_by(call) < 1
