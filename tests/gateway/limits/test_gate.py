"""The gate: how often, how many at once, at what cost; and what a refusal says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.upstream import CallFinished, Verdict
from domains.vocabulary import SystemRole
from gateway.limits import (
    AudienceLimits,
    Cost,
    Counted,
    Estimate,
    Gate,
    Payer,
    Refusal,
    Refused,
    Units,
    count_call,
)

ERP, OMS = SystemRole.ERP, SystemRole.OMS
LIMITS = AudienceLimits(
    requests_per_s=2,
    burst=4,
    concurrent_max=3,
    items_max=100,
    cost_max=Units(erp=5, oms=50, loyalty=5, crm=5),
    budget_per_min=Units(erp=6, oms=60, loyalty=6, crm=6),
    anonymous_counts_as=10,
)
ADA, BOB, NOBODY = Payer("subject:ada", "partner"), Payer("subject:bob", "partner"), Payer(None, "partner")


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Costing(Estimate):
    """An operation that costs what it is told to."""

    def __init__(self, items: int = 0, **calls: int) -> None:
        super().__init__()
        self._cost = Cost({SystemRole[name.upper()]: number for name, number in calls.items()}, items)

    def of(self, variables: object) -> Cost:
        return self._cost


def gate(clock: Callable[[], float], **other: Any) -> Gate:
    limits = replace(LIMITS, **other)
    return Gate(lambda _: limits, Counted(clock), clock)


def called(system: SystemRole, attempts: int = 1) -> None:
    count_call(CallFinished(system, "stock", Verdict.SUCCESS, None, 0.01, attempts))


async def asked(gate: Gate, payer: Payer, estimate: Estimate, *really: SystemRole) -> Refusal | None:
    """One operation that costs `estimate` at most, and calls `really` if it is let in."""
    async with gate.turn(payer, 1) as toll:
        refusal = await toll(estimate, {})
        if refusal is None:
            for system in really:
                called(system)
    return refusal


async def refused(gate: Gate, payer: Payer) -> Refusal:
    with pytest.raises(Refused) as caught:
        async with gate.turn(payer, 1):
            pass
    return caught.value.refusal


async def test_requests_beyond_the_burst_wait_for_the_rate() -> None:
    """Four at once, then two a second; the refusal names both and when to come back, and others are untouched."""
    clock = Clock()
    door = gate(clock)
    for _ in range(4):
        assert await asked(door, ADA, Costing()) is None
    refusal = await refused(door, ADA)
    assert refusal.code == "RATE_LIMITED"
    assert refusal.message == "This caller may send 2 requests a second, and 4 at once. Try again in 1 s."
    assert refusal.extensions == {
        "requestsPerSecond": 2,
        "burst": 4,
        "retryable": True,
        "retryAfterSeconds": 1,
    }
    assert await asked(door, BOB, Costing()) is None
    clock.now += 0.5
    assert await asked(door, ADA, Costing()) is None
    assert not door.running


async def test_only_so_many_run_at_once() -> None:
    """A fourth operation is refused while three run, and let in when one has ended, however it ended."""
    door = gate(Clock(), burst=100)
    inside, leave = asyncio.Semaphore(0), asyncio.Event()

    async def stay() -> None:
        async with door.turn(ADA, 1):
            inside.release()
            await leave.wait()

    tasks = [asyncio.create_task(stay()) for _ in range(3)]
    for _ in tasks:
        await inside.acquire()
    refusal = await refused(door, ADA)
    assert (refusal.code, refusal.details, refusal.retry_after_s) == ("CONCURRENCY_EXCEEDED", {"limit": 3}, 1)
    assert refusal.message == "3 operations of this caller are being answered, and so many may be. Try again in 1 s."
    assert await asked(door, BOB, Costing()) is None
    tasks[0].cancel()
    await asyncio.wait(tasks[:1])
    assert await asked(door, ADA, Costing()) is None
    leave.set()
    await asyncio.gather(*tasks[1:])
    assert not door.running


async def test_an_operation_that_is_too_dear_is_told_its_cost_and_the_limit() -> None:
    """Whatever is left of the budget, one operation costs no more than it may, and waiting does not help."""
    refusal = await asked(gate(Clock()), ADA, Costing(erp=6, oms=1))
    assert refusal is not None
    assert refusal.code == "COST_EXCEEDED"
    assert refusal.message == (
        "This operation may cost 6 calls to ERP, and one may cost 5. "
        "Ask for smaller pages, fewer keys, or in several operations."
    )
    assert refusal.extensions == {"system": "ERP", "cost": 6, "limit": 5}


async def test_a_budget_below_the_limit_of_an_operation_is_its_limit() -> None:
    """What could never be afforded is too dear, and not a reason to wait."""
    refusal = await asked(gate(Clock(), budget_per_min=Units(erp=2)), ADA, Costing(erp=3))
    assert refusal is not None
    assert (refusal.code, refusal.details["limit"]) == ("COST_EXCEEDED", 2)


async def test_a_list_that_is_too_long_is_told_its_length() -> None:
    """Items are bounded for each operation."""
    refusal = await asked(gate(Clock()), ADA, Costing(items=101))
    assert refusal is not None
    assert refusal.code == "LIST_TOO_LONG"
    assert refusal.message == (
        "This operation may bring 101 items of lists, and one may bring 100. Ask for smaller pages."
    )


async def test_a_spent_budget_says_when_to_come_back_and_is_one_callers_own() -> None:
    """Six ERP calls a minute: the seventh waits ten seconds, other systems and other callers are untouched."""
    clock = Clock()
    door = gate(clock, burst=100)
    for _ in range(2):
        assert await asked(door, ADA, Costing(erp=3, oms=1), ERP, ERP, ERP, OMS) is None
    refusal = await asked(door, ADA, Costing(erp=1))
    assert refusal is not None
    assert refusal.code == "BUDGET_SPENT"
    assert refusal.message == (
        "This operation may cost 1 call to ERP, and 0 are left of the 6 a minute that this caller has. "
        "Try again in 10 s."
    )
    assert refusal.extensions == {
        "system": "ERP",
        "cost": 1,
        "left": 0,
        "budgetPerMinute": 6,
        "retryable": True,
        "retryAfterSeconds": 10,
    }
    assert await asked(door, ADA, Costing(oms=50), OMS) is None
    assert await asked(door, BOB, Costing(erp=5), ERP) is None
    clock.now += 10
    assert await asked(door, ADA, Costing(erp=1), ERP) is None


async def test_what_a_cache_answers_is_free() -> None:
    """The estimate is held while the operation runs, and given back where nobody was asked."""
    door = gate(Clock(), burst=100)
    for _ in range(50):
        assert await asked(door, ADA, Costing(erp=5)) is None
    for _ in range(6):
        assert await asked(door, ADA, Costing(erp=1), ERP) is None
    assert await asked(door, ADA, Costing(erp=1)) is not None


async def test_operations_at_once_cannot_spend_what_each_could_alone() -> None:
    """While one holds five of six, the next is refused though nothing has been called yet."""
    door = gate(Clock())
    async with door.turn(ADA, 1) as first:
        assert await first(Costing(erp=5), {}) is None
        assert (await asked(door, ADA, Costing(erp=2))) is not None
    assert await asked(door, ADA, Costing(erp=5)) is None


async def test_calls_are_counted_in_every_task_and_retries_once() -> None:
    """What tasks of the request call is the request's; what was shed, or is called for nobody, is not."""
    door = gate(Clock())

    async def below() -> None:
        called(ERP, attempts=3)
        called(ERP, attempts=0)

    called(ERP)
    async with door.turn(ADA, 1) as toll:
        assert await toll(Costing(erp=1), {}) is None
        await asyncio.gather(*(asyncio.create_task(below()) for _ in range(5)))
    refusal = await asked(door, ADA, Costing(erp=2))
    assert refusal is not None
    assert refusal.details["left"] == 1


async def test_what_a_stream_tells_later_is_paid_and_not_refused() -> None:
    """A message of a stream costs what it calls; the next operation of the caller waits for that."""
    door = gate(Clock())
    for _ in range(9):
        async with door.turn(ADA, 0) as toll:
            assert await toll(Costing(erp=1), {}) is None
            called(ERP)
    assert not door.running
    refusal = await asked(door, ADA, Costing(erp=1))
    assert refusal is not None
    assert refusal.retry_after_s == 40


async def test_callers_without_a_name_share_one_account() -> None:
    """It holds ten times a caller's, and what they do there touches nobody who has a name."""
    door = gate(Clock())
    for _ in range(40):
        assert await asked(door, NOBODY, Costing()) is None
    assert (await refused(door, NOBODY)).details["burst"] == 40
    assert await asked(door, Payer(None, "associate"), Costing()) is None
    assert await asked(door, ADA, Costing()) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0, 30)), max_size=25))
@settings(max_examples=50)
async def test_over_any_time_no_more_is_called_than_the_budget(steps: list[tuple[int, int, float]]) -> None:
    """Where an operation calls no more than its estimate, calls stay within the budget and its refill."""
    clock = Clock()
    door = gate(clock, requests_per_s=1000, burst=1000)
    calls = 0
    for estimate, share, pause in steps:
        really = min(estimate, share)
        if await asked(door, ADA, Costing(erp=estimate), *[ERP] * really) is None:
            calls += really
        assert calls <= 6 + clock.now * 6 / 60 + 1e-6
        clock.now += pause


def test_limits_that_let_nobody_in_are_refused() -> None:
    """Zero requests are a mistake; zero calls to a system are not."""
    with pytest.raises(ValueError, match="burst"):
        AudienceLimits(burst=0)
    with pytest.raises(ValueError, match="0 or more"):
        Units(erp=-1)
    AudienceLimits(cost_max=Units())
