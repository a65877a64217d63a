"""Asks that come while their source is busy go out together."""

from __future__ import annotations

import asyncio
import contextlib
import gc

import pytest

from domains.upstream import GatheringPolicy, deadline_scope
from domains.upstream.gathering import LEAVE_S
from domains.vocabulary import (
    DeadlineExceeded,
    UpstreamTimeout,
)
from tests.domains.upstream.gatherings import (
    OMS,
    WINDOW_S,
    Source,
    ask,
    gathered,
    keys,
    turn,
    values,
    virtually,
)
from tests.domains.upstream.virtual_time import loop_clock, pass_time


@virtually
async def test_at_rest() -> None:
    """Below the limit an ask goes out at once, as it is, in the task of its caller."""
    source = Source()
    fetch = gathered(source, GatheringPolicy(calls_free=2, window_s=WINDOW_S))
    asked = [ask(fetch, "a"), ask(fetch, "b")]
    await turn()
    assert source.asked == [keys("a"), keys("b")]
    assert source.tasks == asked
    assert [values(read) for read in await asyncio.gather(*asked)] == [{"a": "of a"}, {"b": "of b"}]
    assert not fetch.busy


@virtually
async def test_together() -> None:
    """While a call is under way others wait, and go out as one when their time is up: each key once, each its own."""
    source = Source()
    fetch = gathered(source)
    asked = [ask(fetch, "a"), ask(fetch, "b"), ask(fetch, "b", "c"), ask(fetch, "no-d", "e")]
    await turn()
    assert source.asked == [keys("a")]
    read = [values(one) for one in await asyncio.gather(*asked)]
    assert source.asked == [keys("a"), keys("b", "c", "no-d", "e")]
    assert source.begun_at[1] - source.begun_at[0] == pytest.approx(WINDOW_S)
    assert read == [{"a": "of a"}, {"b": "of b"}, {"b": "of b", "c": "of c"}, {"e": "of e"}]
    assert not fetch.busy


@virtually
async def test_one_ends() -> None:
    """When a call ends those who wait go out at once."""
    source = Source()
    source.takes_s = WINDOW_S / 3
    fetch = gathered(source)
    await asyncio.gather(ask(fetch, "a"), ask(fetch, "b"), ask(fetch, "c"))
    assert source.asked == [keys("a"), keys("b", "c")]
    assert source.begun_at[1] - source.begun_at[0] == pytest.approx(source.takes_s)


@virtually
async def test_full() -> None:
    """As many keys as a call takes are not waited beyond, and no call ever has more; a large ask goes alone."""
    source = Source()
    fetch = gathered(source)
    first = ask(fetch, "first")
    small = [ask(fetch, *(f"{n}.{i}" for i in range(9))) for n in range(9)]
    large = ask(fetch, *(f"large.{i}" for i in range(30)))
    await turn()
    assert [len(one) for one in source.asked] == [1, 30, 36, 36]
    assert set(source.begun_at) == {source.begun_at[0]}
    for read in (await first, await large, *[await one for one in small]):
        assert read
    assert [len(one) for one in source.asked] == [1, 30, 36, 36, 9]


@virtually
async def test_one_alone() -> None:
    """Who has waited for nobody goes on in their own task."""
    source = Source()
    fetch = gathered(source)
    asked = [ask(fetch, "a"), ask(fetch, "b")]
    await asyncio.gather(*asked)
    assert source.tasks == asked


@virtually
async def test_what_has_begun() -> None:
    """Nobody joins a call under way: its answer may be older than what who asks knows to be true."""
    source = Source()
    fetch = gathered(source)
    asked = [ask(fetch, "a"), ask(fetch, "a")]
    await asyncio.gather(*asked)
    assert source.asked == [keys("a"), keys("a")]
    assert source.begun_at[1] > source.begun_at[0]


@virtually
async def test_who_is_cancelled() -> None:
    """One who is cancelled leaves, before the call or during it; the others go on, and with the last the call ends."""
    source = Source()
    fetch = gathered(source)
    first, early, late, stays = (ask(fetch, name) for name in ("first", "early", "late", "stays"))
    await turn()
    early.cancel()
    await pass_time(2 * WINDOW_S)
    assert source.asked == [keys("first"), keys("late", "stays")]
    late.cancel()
    assert values(await stays) == {"stays": "of stays"}
    await first
    first, one, other = (ask(fetch, name) for name in ("first", "one", "other"))
    await pass_time(2 * WINDOW_S)
    one.cancel()
    await turn()
    assert source.cancelled == 0
    other.cancel()
    await turn()
    assert source.cancelled == 1
    await first
    assert not fetch.busy
    for gone in (early, late, one, other):
        with pytest.raises(asyncio.CancelledError):
            await gone


@virtually
async def test_deadlines() -> None:
    """The call may take as long as the most patient of its callers; each of the others waits until their own time."""
    source = Source()
    source.takes_s = 1.0
    fetch = gathered(source)

    async def within(seconds: float | None, name: str) -> tuple[float, object]:
        began = loop_clock()
        with contextlib.nullcontext() if seconds is None else deadline_scope(seconds, loop_clock):
            try:
                found: object = values(await fetch(keys(name)))
            except DeadlineExceeded as late:
                found = late.system
        return loop_clock() - began, found

    _, short, middle, long = await asyncio.gather(
        within(9.0, "first"), within(0.1, "short"), within(0.5, "middle"), within(2.0, "long")
    )
    assert [short[1], middle[1], long[1]] == [OMS, OMS, {"long": "of long"}]
    assert [short[0], middle[0]] == pytest.approx([0.1 - LEAVE_S, 0.5 - LEAVE_S])
    latest = source.deadlines[1]
    assert latest is not None
    assert latest.at == pytest.approx(source.begun_at[0] + 2.0)
    await asyncio.gather(within(9.0, "first"), within(0.5, "one"), within(None, "endless"))
    assert source.deadlines[3] is None


@virtually
async def test_no_time() -> None:
    """Who has no time to wait for others goes out at once."""
    source = Source()
    fetch = gathered(source)

    async def hastily() -> None:
        with deadline_scope(LEAVE_S + WINDOW_S / 2, loop_clock):
            await fetch(keys("hasty"))

    await asyncio.gather(ask(fetch, "first"), ask(fetch, "other"), hastily())
    assert source.asked[1:] == [keys("hasty"), keys("other")]
    assert source.begun_at[1] == source.begun_at[0]


@virtually
async def test_errors() -> None:
    """What is said of the system is said to each, as an error of their own, and nobody asks again."""
    source = Source(lambda names: None if "first" in names else UpstreamTimeout(OMS, "stock", "slow", retry_after_s=7))
    fetch = gathered(source)
    first, *asked = (ask(fetch, name) for name in ("first", "a", "b", "c"))
    await first
    errors = await asyncio.gather(*asked, return_exceptions=True)
    assert len({id(error) for error in errors}) == 3
    for error in errors:
        assert isinstance(error, UpstreamTimeout)
        assert (error.detail, error.retry_after_s, str(error)) == (
            "slow",
            7,
            "OMS (stock) did not answer in time: slow",
        )
    assert source.asked == [keys("first"), keys("a", "b", "c")]
    assert not fetch.busy


@virtually
async def test_nothing_is_left_to_the_collector() -> None:
    """What has gathered is gone when it has been answered, well or badly: no collection stops everybody for it."""
    source = Source(lambda names: UpstreamTimeout(OMS, "stock") if "late" in names else None)
    fetch = gathered(source)

    async def rounds() -> None:
        for names in (("a", "b", "c"), ("d", "late", "e")):
            with deadline_scope(5.0, loop_clock):
                await asyncio.gather(*(ask(fetch, name) for name in ("first", *names)), return_exceptions=True)

    await rounds()
    gc.collect()
    gc.disable()
    try:
        for _ in range(10):
            await rounds()
        assert gc.collect() < 10
    finally:
        gc.enable()
