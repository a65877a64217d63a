"""A system that stalls is not waited for twice by who has an older answer to fall back on."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from domains.upstream import Gathered, GatheringPolicy, WirePolicy, deadline_scope
from domains.vocabulary import UpstreamError, UpstreamTimeout, has_stand_in, stand_in_at_hand
from tests.domains.upstream.gatherings import Source, ask, keys
from tests.domains.upstream.virtual_time import loop_clock, run_virtual
from tests.domains.upstream.wires import OMS, Answer, Bench, after, in_order, ok, status

POLICY = WirePolicy(timeout_s=1.0, slow_call_s=0.5, retries_max=2, retry_base_s=0.05)


async def spent_s(answer: Answer, *, stand_in: bool) -> tuple[float, int, type[UpstreamError] | None]:
    """How long a call took, how often it was made, and what it failed with."""
    bench = Bench(answer, POLICY)
    began, failed = loop_clock(), None
    with deadline_scope(5.0, loop_clock), stand_in_at_hand() if stand_in else nullcontext():
        try:
            await bench.call()
        except UpstreamError as error:
            failed = type(error)
    return loop_clock() - began, len(bench.asked), failed


def test_a_stall() -> None:
    """It takes one time limit, instead of one for each retry."""
    patient = run_virtual(spent_s(after(9.0), stand_in=False))
    assert patient[0] > 2 * POLICY.timeout_s
    seconds, asked, failed = run_virtual(spent_s(after(9.0), stand_in=True))
    assert seconds == pytest.approx(POLICY.timeout_s)
    assert (asked, failed) == (1, UpstreamTimeout)


@pytest.mark.parametrize("stand_in", [True, False])
def test_a_fault_that_passes(stand_in: bool) -> None:
    """What fails at once is asked again at once, and a fresh answer comes of it, stand-in or not."""
    _, asked, failed = run_virtual(spent_s(in_order(status(503), ok), stand_in=stand_in))
    assert (asked, failed) == (2, None)


def test_a_fault_that_took_its_time() -> None:
    """A fault that came slowly is final where something stands in."""
    slowly = in_order(after(0.6, status(503)), ok)
    assert run_virtual(spent_s(slowly, stand_in=True))[1] == 1
    slowly = in_order(after(0.6, status(503)), ok)
    assert run_virtual(spent_s(slowly, stand_in=False))[1:] == (2, None)


def test_an_answer_that_takes_its_time() -> None:
    """A slow answer is waited for as ever: it is newer than what would stand in."""
    seconds, asked, failed = run_virtual(spent_s(after(0.9), stand_in=True))
    assert seconds == pytest.approx(0.9)
    assert (asked, failed) == (1, None)


def test_no_call_for_both() -> None:
    """Who has a stand-in shares no call with who has none: they differ in how long it is tried."""

    async def test() -> None:
        source = Source()
        fetch = Gathered(
            source, GatheringPolicy(calls_free=1), keys_max=40, system=OMS, capability="stock", clock=loop_clock
        )
        asked = [ask(fetch, "first"), ask(fetch, "a"), ask(fetch, "b")]
        with stand_in_at_hand():
            assert has_stand_in()
            asked += [ask(fetch, "c"), ask(fetch, "d")]
        for task in asked:
            await task
        assert source.asked == [keys("first"), keys("a", "b"), keys("c", "d")]

    run_virtual(test())
