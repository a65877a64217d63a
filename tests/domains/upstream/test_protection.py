"""Breakers, slots and serial keys of a whole Wire, in virtual time."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from domains.upstream import BreakerChanged, BreakerState, Call, CallFinished, Shed, Verdict, deadline_scope
from domains.vocabulary import BreakerOpen, DeadlineExceeded, UpstreamError, UpstreamFailed, UpstreamSaturated
from tests.domains.upstream.virtual_time import loop_clock, pass_time, run_virtual
from tests.domains.upstream.wires import QUICK, STOCK, Bench, after, as_json, ok, status

PRICING = Call("pricing", as_json)


async def trip(bench: Bench, call: Call = STOCK) -> None:
    for _ in range(QUICK.minimum_calls):
        with pytest.raises(UpstreamFailed):
            await bench.call(call)


def test_a_broken_capability_does_not_close_another() -> None:
    """Pricing fails until its breaker opens; stock of the same system is served on."""

    async def story() -> None:
        bench = Bench(lambda r: httpx.Response(500 if r.url.path == "/pricing" else 200, json=1))
        for _ in range(QUICK.minimum_calls):
            with pytest.raises(UpstreamFailed):
                await bench.call(PRICING, "/pricing")
        with pytest.raises(BreakerOpen) as caught:
            await bench.call(PRICING, "/pricing")
        assert 0 < (caught.value.retry_after_s or 0) <= QUICK.cool_down_s
        assert await bench.call() == 1
        assert [(e.capability, e.state) for e in bench.heard(BreakerChanged)] == [("pricing", BreakerState.OPEN)]
        assert [(e.capability, e.why) for e in bench.heard(Shed)] == [("pricing", "UPSTREAM_BREAKER_OPEN")]

    run_virtual(story())


def test_refusals_open_nothing() -> None:
    """A system that answers 404 all day is healthy."""

    async def story() -> None:
        bench = Bench(status(404))
        for _ in range(50):
            with pytest.raises(UpstreamError):
                await bench.call()
        assert bench.heard(BreakerChanged) == []
        assert len(bench.asked) == 50

    run_virtual(story())


def test_one_probe_finds_out() -> None:
    """Twenty callers after the cool-down: one asks, nineteen are refused at once, and its answer opens the way."""

    async def story() -> None:
        healthy = False

        async def answer(request: httpx.Request) -> httpx.Response:
            await pass_time(0.1)
            return httpx.Response(200 if healthy else 500, json=1)

        bench = Bench(answer, replace(QUICK, slots_max=30))
        await trip(bench)
        healthy = True
        await pass_time(QUICK.cool_down_s)
        bench.asked.clear()
        results = await asyncio.gather(*(bench.call() for _ in range(20)), return_exceptions=True)
        assert len(bench.asked) == 1
        assert sum(isinstance(result, BreakerOpen) for result in results) == 19
        assert results.count(1) == 1
        assert await bench.call() == 1
        states = [event.state for event in bench.heard(BreakerChanged)]
        assert states == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]

    run_virtual(story())


def test_who_waited_while_it_opened_is_not_let_through() -> None:
    """Callers who queue for a slot when the breaker opens do not ask once they have the slot."""

    async def story() -> None:
        bench = Bench(after(0.1, status(500)), replace(QUICK, slots_max=5, queue_max=20))
        results = await asyncio.gather(*(bench.call() for _ in range(12)), return_exceptions=True)
        assert [type(result) for result in results] == [UpstreamFailed] * 5 + [BreakerOpen] * 7
        assert len(bench.asked) == 5

    run_virtual(story())


def test_an_open_breaker_is_not_waited_for() -> None:
    """The fault that opens the breaker is told at once, instead of a retry that would be refused."""

    async def story() -> None:
        bench = Bench(status(500), replace(QUICK, minimum_calls=1, retries_max=2))
        started = loop_clock()
        with pytest.raises(UpstreamFailed):
            await bench.call()
        assert loop_clock() == started

    run_virtual(story())


def test_a_cancelled_probe_leaves_the_way_free() -> None:
    """The caller of the probe goes away: no verdict, and the next caller probes."""

    async def story() -> None:
        delay_s = 0.0
        code = 500

        async def answer(_: httpx.Request) -> httpx.Response:
            await pass_time(delay_s)
            return httpx.Response(code, json=1)

        bench = Bench(answer)
        await trip(bench)
        await pass_time(QUICK.cool_down_s)
        delay_s, code = 0.4, 200
        probe = asyncio.create_task(bench.call())
        await pass_time(0.1)
        with pytest.raises(BreakerOpen):
            await bench.call()
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        last = bench.heard(CallFinished)[-1]
        assert (last.error, last.verdict) == ("CANCELLED", Verdict.IGNORED)
        assert await bench.call() == 1
        assert bench.heard(BreakerChanged)[-1].state is BreakerState.CLOSED

    run_virtual(story())


@pytest.mark.parametrize(("budget_s", "opens"), [(0.8, True), (0.3, False)])
def test_a_hanging_system_is_seen_through_impatient_callers(budget_s: float, opens: bool) -> None:
    """Calls that our deadline cuts count as slow once they ran for `slow_call_s`, and for nothing before."""

    async def story() -> None:
        bench = Bench(after(60.0), replace(QUICK, latency_minimum=1000))
        for _ in range(10):
            with deadline_scope(budget_s, clock=loop_clock), pytest.raises((DeadlineExceeded, BreakerOpen)):
                await bench.call()
        assert bool(bench.heard(BreakerChanged)) is opens
        assert len(bench.asked) == (QUICK.minimum_calls if opens else 10)

    run_virtual(story())


def test_a_hanging_system_is_left_alone_by_the_most_impatient() -> None:
    """Cuts too short for the breaker still teach the estimate, and calls with so little time are no longer made."""

    async def story() -> None:
        bench = Bench(after(60.0), replace(QUICK, latency_minimum=5))
        for budget_s in (0.4, 0.4, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3):
            with deadline_scope(budget_s, clock=loop_clock), pytest.raises(DeadlineExceeded):
                await bench.call()
        assert len(bench.asked) == 6  # the five that taught it, and the one a second that may prove it wrong

    run_virtual(story())


def test_slots_bound_what_is_in_flight() -> None:
    """Four at work, four waiting, the others are turned away at once; afterwards everything is free."""

    async def story() -> None:
        bench = Bench(after(0.2))
        calls = [asyncio.create_task(bench.call()) for _ in range(10)]
        await pass_time(0.1)
        now = bench.wire.snapshot()
        assert (now.in_flight, now.queued, now.capabilities[0].in_flight) == (4, 4, 4)
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(result, UpstreamSaturated) for result in results) == 2
        assert [event.why for event in bench.heard(Shed)] == ["UPSTREAM_SATURATED"] * 2
        now = bench.wire.snapshot()
        assert (now.in_flight, now.queued) == (0, 0)

    run_virtual(story())


def test_waiting_for_a_slot_ends() -> None:
    """The queue is left after `queue_timeout_s` as saturated, or earlier with the deadline."""

    async def story() -> None:
        bench = Bench(after(0.9))
        busy = [asyncio.create_task(bench.call()) for _ in range(4)]
        await asyncio.sleep(0)
        started = loop_clock()
        with pytest.raises(UpstreamSaturated):
            await bench.call()
        assert loop_clock() - started == pytest.approx(0.25)
        with deadline_scope(0.12, clock=loop_clock), pytest.raises(DeadlineExceeded):
            await bench.call()
        assert loop_clock() - started == pytest.approx(0.35)
        await asyncio.gather(*busy)

    run_virtual(story())


def test_one_cart_at_a_time() -> None:
    """Calls of one serialised key follow each other; other keys and other calls do not wait for them."""

    async def story() -> None:
        under_way: list[str] = []
        most: dict[str, int] = {}

        async def answer(request: httpx.Request) -> httpx.Response:
            cart = request.url.path
            under_way.append(cart)
            most[cart] = max(most.get(cart, 0), under_way.count(cart))
            await pass_time(0.1)
            under_way.remove(cart)
            return httpx.Response(200, json=1)

        bench = Bench(answer, replace(QUICK, slots_max=20))
        started = loop_clock()
        calls = [
            *(bench.call(Call("carts", as_json, serialise_by="a"), "/a") for _ in range(4)),
            *(bench.call(Call("carts", as_json, serialise_by="b"), "/b") for _ in range(2)),
            *(bench.call(STOCK, "/stock") for _ in range(5)),
        ]
        await asyncio.gather(*calls)
        assert most == {"/a": 1, "/b": 1, "/stock": 5}
        assert loop_clock() - started == pytest.approx(0.4)

    run_virtual(story())


def test_the_snapshot_tells_the_state_of_things() -> None:
    """Calls, failures, latencies and the breaker of each capability, as the operations view shows them."""

    async def story() -> None:
        bench = Bench(after(0.1), replace(QUICK, latency_minimum=5))
        for _ in range(6):
            await bench.call(PRICING)
        bench.answer = status(500)
        await trip(bench)
        with pytest.raises(BreakerOpen):
            await bench.call()
        pricing, stock = bench.wire.snapshot().capabilities
        assert (pricing.capability, pricing.calls, pricing.failures) == ("pricing", 6, 0)
        assert pricing.p50_s == pytest.approx(0.1)
        assert pricing.p99_s == pytest.approx(0.1)
        assert (stock.calls, stock.failures, stock.shed, stock.breaker) == (6, 5, 1, BreakerState.OPEN)
        assert 0 < stock.open_for_s <= 1
        assert stock.p50_s is None

    run_virtual(story())


async def test_a_call_leaves_no_trace_when_all_is_well() -> None:
    """An ordinary call is one event and nothing else."""
    bench = Bench(ok)
    await bench.call()
    assert [type(event) for event in bench.events] == [CallFinished]
