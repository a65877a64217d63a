"""Overload that keeps itself alive: it happens without a retry budget and queue limits, and not with them.

A system with room for 80 calls a second serves 56. For five seconds it works twenty times slower, then it is as quick
as before. It does not notice that callers have gone, so it works off calls that nobody waits for any more.
"""

import asyncio
import heapq
from dataclasses import replace

import httpx
import pytest

from domains.upstream import WirePolicy
from domains.vocabulary import UpstreamError
from tests.domains.upstream.virtual_time import loop_clock, pass_time, run_virtual
from tests.domains.upstream.wires import Bench

WORKERS, WORK_S, CALLS_PER_S = 4, 0.05, 56
TROUBLE_S, CALM_S, OBSERVED_S = (3.0, 8.0), 12.0, 18.0  # from, to; after CALM_S all must be well; the end

GUARDED = WirePolicy(timeout_s=1.0, slow_call_s=0.5, slots_max=8, queue_max=16, retries_max=3, retry_base_s=0.1)
# The breaker and the latency estimate are off in both, so that the budget and the limits are what is compared.
LIMITS_ONLY = replace(GUARDED, minimum_calls=10**9, latency_minimum=10**9)
UNGUARDED = replace(
    LIMITS_ONLY, slots_max=10**6, queue_max=10**6, retry_budget_ratio=1.0, retry_floor_per_s=1e9
)  # fmt: skip


class Shop:
    """First come, first served by WORKERS; what was begun is finished, whether or not somebody still waits."""

    def __init__(self, opened_at: float) -> None:
        self._opened_at = opened_at
        self._free_at = [opened_at] * WORKERS

    async def answer(self, _: httpx.Request) -> httpx.Response:
        now = loop_clock()
        begun = max(now, heapq.heappop(self._free_at))
        in_trouble = TROUBLE_S[0] <= begun - self._opened_at < TROUBLE_S[1]
        done = begun + WORK_S * (20 if in_trouble else 1)
        heapq.heappush(self._free_at, done)
        await pass_time(done - now)
        return httpx.Response(200, content=b"1")


async def goodput(policy: WirePolicy) -> list[float]:
    """The share of calls answered, for each second in which they were made."""
    shop = Shop(loop_clock())
    bench = Bench(shop.answer, policy)
    seconds = int(OBSERVED_S)
    answered = [0] * seconds

    async def call(second: int) -> None:
        try:
            await bench.call()
        except UpstreamError:
            return
        answered[second] += 1

    calls = []
    for number in range(seconds * CALLS_PER_S):
        calls.append(asyncio.create_task(call(number // CALLS_PER_S)))
        await pass_time(1 / CALLS_PER_S)
    await asyncio.gather(*calls)
    return [count / CALLS_PER_S for count in answered]


@pytest.mark.parametrize("policy", [GUARDED, LIMITS_ONLY], ids=["everything", "budget and limits only"])
def test_goodput_is_back_soon_after_the_trouble(policy: WirePolicy) -> None:
    """Four seconds after the system is well again every call is answered, as before the trouble."""
    shares = run_virtual(goodput(policy))
    assert min(shares[: int(TROUBLE_S[0]) - 1]) == 1.0
    assert min(shares[int(TROUBLE_S[0]) + 1 : int(TROUBLE_S[1]) - 1]) < 0.5  # it was trouble
    assert min(shares[int(CALM_S) :]) == 1.0


def test_without_budget_and_limits_the_trouble_outlives_its_cause() -> None:
    """The same system under the same load, with unlimited retries and queues, is still lost ten seconds later."""
    shares = run_virtual(goodput(UNGUARDED))
    assert min(shares[: int(TROUBLE_S[0]) - 1]) == 1.0
    assert max(shares[int(CALM_S) :]) < 0.2
