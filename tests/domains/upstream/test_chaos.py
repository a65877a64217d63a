"""Any mix of calls, faults, deadlines and cancellations, in virtual time: what always holds."""

import asyncio
import contextlib
from dataclasses import dataclass, replace

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.upstream import Call, CallFinished, deadline_scope
from domains.vocabulary import UpstreamError
from tests.domains.upstream.virtual_time import loop_clock, pass_time, run_virtual
from tests.domains.upstream.wires import QUICK, Bench, as_json

POLICY = replace(QUICK, slots_max=3, queue_max=3, retries_max=2, cool_down_s=0.2, latency_minimum=5, pause_max_s=1.0)
STATUSES = [200, 200, 200, 404, 429, 500, 503]


@dataclass(frozen=True)
class Plan:
    """One caller, in tenths of a second, and what the system does when this caller asks."""

    at: int
    budget: int | None
    leaves_after: int | None
    takes: int
    status: int
    capability: str
    key: str | None
    write: bool


TENTHS = st.integers(0, 15)
PLANS = st.builds(
    Plan,
    at=st.integers(0, 30),
    budget=st.none() | TENTHS,
    leaves_after=st.none() | TENTHS,
    takes=TENTHS,
    status=st.sampled_from([*STATUSES, 0]),  # 0: the connection breaks
    capability=st.sampled_from(["stock", "pricing"]),
    key=st.sampled_from([None, None, "cart"]),
    write=st.booleans(),
)


@settings(max_examples=80)
@given(st.lists(PLANS, max_size=30))
def test_whatever_happens_nothing_leaks_and_nobody_waits_too_long(plans: list[Plan]) -> None:
    """Calls end in a value, an UpstreamError or their own cancellation, in time, and all they took is free again."""

    async def story() -> None:
        inside = 0

        async def answer(request: httpx.Request) -> httpx.Response:
            nonlocal inside
            plan = plans[int(request.url.path[1:])]
            inside += 1
            assert inside <= POLICY.slots_max
            try:
                await pass_time(plan.takes / 10)
            finally:
                inside -= 1
            if not plan.status:
                raise httpx.ReadError("reset")
            return httpx.Response(plan.status, json=1, headers={"retry-after": "0.3"} if plan.status == 429 else None)

        async def call(number: int, plan: Plan) -> None:
            await pass_time(plan.at / 10)
            asked = Call(plan.capability, as_json, write=plan.write, serialise_by=plan.key)
            budget_s = 100.0 if plan.budget is None else plan.budget / 10
            started = loop_clock()
            with deadline_scope(budget_s, clock=loop_clock), contextlib.suppress(UpstreamError):
                assert await bench.call(asked, f"/{number}") == 1
            assert loop_clock() - started <= budget_s + 1e-6

        bench = Bench(answer, POLICY)
        tasks = [asyncio.ensure_future(call(number, plan)) for number, plan in enumerate(plans)]
        for task, plan in zip(tasks, plans, strict=True):
            if plan.leaves_after is not None:
                asyncio.get_running_loop().call_later((plan.at + plan.leaves_after) / 10, task.cancel)
        results = await asyncio.gather(*tasks, return_exceptions=True)

        assert [result for result in results if isinstance(result, Exception)] == []
        now = bench.wire.snapshot()
        assert (now.in_flight, now.queued) == (0, 0)
        assert [lane.in_flight for lane in now.capabilities] == [0] * len(now.capabilities)
        finished = bench.heard(CallFinished)
        assert len(finished) == sum(lane.calls for lane in now.capabilities)
        assert sum(event.attempts for event in finished) == len(bench.asked)
        repeated = [request for request in bench.asked if plans[int(request.url.path[1:])].write]
        assert len({request.url.path for request in repeated}) == len(repeated)  # no unkeyed write went out twice

    run_virtual(story())
