"""While a process has more to do than it can, asks wait for those that are there already, turn by turn of its loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from domains.upstream import Gathered, GatheringPolicy, deadline_scope
from domains.upstream.gathering import CROWD, CROWDS, LEAVE_S, OTHERS, TRIED_EVERY
from domains.vocabulary import Scoped, UpstreamFailed
from tests.domains.upstream.gatherings import (
    CALL_S,
    KEYS_MAX,
    OMS,
    WINDOW_S,
    Read,
    Source,
    ask,
    gathered,
    keys,
    owner,
    turn,
    values,
    virtually,
)
from tests.domains.upstream.virtual_time import loop_clock, pass_time

TURNS = 3
UNTRIED = OTHERS + TRIED_EVERY - 1
"""Of many who ask at once so many go out alone before one tries to wait."""
LARGE = tuple(f"large.{number}" for number in range(30))  # goes alone
POLICY = GatheringPolicy(calls_free=100, window_s=WINDOW_S, turns=TURNS)


def ask_in(turns: int, fetch: Gathered[str, str], *names: str) -> asyncio.Task[Read]:
    """Ask when so many turns of the loop have passed."""

    async def later() -> Read:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await fetch(keys(*names))

    return asyncio.create_task(later())


async def crowded(fetch: Gathered[str, str], source: Source) -> None:
    """Let so many ask at once that one of them tries to wait, and meets a crowd."""
    await asyncio.gather(*(ask(fetch, f"crowd {number}") for number in range(UNTRIED + CROWD)))
    assert [len(asked) for asked in source.asked] == [1] * UNTRIED + [CROWD]
    source.asked.clear()
    source.begun_at.clear()
    source.tasks.clear()


@virtually
async def test_nothing_under_way() -> None:
    """Who asks when nobody else does goes out at once, in their own task."""
    source = Source()
    fetch = gathered(source, POLICY)
    for number in range(3 * TRIED_EVERY):
        asked = ask(fetch, f"{number}")
        await turn()
        assert source.tasks[-1] is asked
        await asked


@virtually
async def test_few() -> None:
    """Of those that find others under way only some try to wait; one that nobody joins goes on, in no time."""
    source = Source()
    fetch = gathered(source, POLICY)
    asked = [ask_in(10 * number, fetch, f"{number}") for number in range(2 * TRIED_EVERY)]
    await asyncio.gather(*asked)
    assert source.tasks == asked
    assert len(set(source.begun_at)) == 1


@virtually
async def test_as_long_as_others_come() -> None:
    """Asks wait while each few turns bring another, though nothing is under way, and then go out as one at once."""
    source = Source()
    fetch = gathered(source, POLICY)
    await crowded(fetch, source)
    began = loop_clock()
    together = [ask_in((TURNS - 1) * number, fetch, f"{number}", "all") for number in range(6)]
    late = ask_in((TURNS - 1) * 5 + TURNS + 1, fetch, "late")
    read = [values(one) for one in await asyncio.gather(*together)]
    assert read == [{f"{number}": f"of {number}", "all": "of all"} for number in range(6)]
    await late
    assert source.asked == [keys("all", *"012345"), keys("late")]
    assert source.begun_at == [began, began]
    assert not fetch.busy


@virtually
async def test_nobody_comes_any_more() -> None:
    """One who has waited in vain goes on alone, and after some of them nobody waits."""
    source = Source()
    fetch = gathered(source, POLICY)
    await crowded(fetch, source)
    for number in range(CROWDS):
        asked = ask(fetch, f"{number}")
        for _ in range(TURNS + 1):
            await asyncio.sleep(0)
            assert len(source.asked) == number
        await turn()
        assert source.tasks[number:] == [asked]
        await asked
    asked = ask(fetch, "last")
    await asyncio.sleep(0)
    assert source.tasks[CROWDS:] == [asked]
    await asked


@virtually
async def test_too_few_for_a_crowd() -> None:
    """Fewer than a crowd share a call, but nobody waits because of them."""
    source = Source()
    fetch = gathered(source, POLICY)
    await asyncio.gather(*(ask(fetch, f"{number}") for number in range(UNTRIED + CROWD - 1)))
    assert [len(asked) for asked in source.asked] == [1] * UNTRIED + [CROWD - 1]
    asked = ask(fetch, "next")
    await asyncio.sleep(0)
    assert source.tasks[-1] is asked
    await asked


@virtually
async def test_not_for_ever() -> None:
    """However many come, nobody waits longer than the window; with as many keys as a call takes, not even that."""
    now = [1000.0]
    source = Source()
    fetch = Gathered(source, POLICY, keys_max=KEYS_MAX, system=OMS, capability="stock", clock=lambda: now[0])
    await crowded(fetch, source)
    asked = []
    for number in range(8):
        asked.append(ask(fetch, f"{number}"))
        await asyncio.sleep(0)
        now[0] += WINDOW_S / 4
    await asyncio.gather(*asked)
    assert source.asked == [keys("0", "1", "2", "3"), keys("4", "5", "6", "7")]
    source.asked.clear()
    await asyncio.gather(*(ask_in(number, fetch, f"{number}") for number in range(KEYS_MAX + 2)))
    assert [len(one) for one in source.asked] == [KEYS_MAX, 2]


@virtually
async def test_an_end_of_a_call() -> None:
    """A call that ends is no reason to go: whom its answer wakes may ask next."""
    source = Source()
    fetch = gathered(source, replace(POLICY, turns=9))
    await crowded(fetch, source)
    source.takes_s = 0.0
    asked = [ask(fetch, "a"), ask(fetch, *LARGE)]
    await turn()
    assert asked[1].done()
    await asyncio.gather(*asked, ask(fetch, "b"))
    assert source.asked == [keys(*LARGE), keys("a", "b")]


@virtually
async def test_busy_systems() -> None:
    """Where its system has become busy a group that nobody joins any more waits on, until the window is over."""
    source = Source()
    fetch = gathered(source, GatheringPolicy(calls_free=UNTRIED + 1, window_s=WINDOW_S, turns=TURNS))
    began = loop_clock()
    asked = [ask(fetch, f"{number}") for number in range(UNTRIED)]
    asked += [ask(fetch, "tries"), ask(fetch, *LARGE), ask_in(10 * TURNS, fetch, "joins")]
    await asyncio.gather(*asked)
    assert source.asked[UNTRIED:] == [keys(*LARGE), keys("tries", "joins")]
    assert source.begun_at[-1] == pytest.approx(began + WINDOW_S)


@virtually
async def test_who_does_not_wait() -> None:
    """Private asks wait in no turns, nor does anybody whose time is nearly up, or where the setting is 0."""
    source = Source()
    for private, turns in ((True, TURNS), (False, 0)):
        fetch = gathered(source, GatheringPolicy(calls_free=100, window_s=WINDOW_S, turns=turns), private=private)
        source.asked.clear()
        with Scoped(owner, "ada"):
            await asyncio.gather(*(ask(fetch, f"{number}") for number in range(3 * TRIED_EVERY)))
        assert [len(asked) for asked in source.asked] == [1] * 3 * TRIED_EVERY
    fetch = gathered(source, POLICY)
    source.asked.clear()
    await crowded(fetch, source)
    with deadline_scope(LEAVE_S + WINDOW_S / 2, loop_clock):
        hasty = ask(fetch, "hasty")
    await asyncio.sleep(0)
    assert source.tasks == [hasty]
    await hasty


@virtually
async def test_who_leaves() -> None:
    """Who is cancelled while they wait is not asked for; if all are, nobody asks, and if one is left, they alone."""
    source = Source()
    fetch = gathered(source, POLICY)
    await crowded(fetch, source)
    asked = [ask(fetch, name) for name in "abc"]
    await asyncio.sleep(0)
    asked[0].cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert source.asked == [keys("b", "c")]
    gone = [ask(fetch, name) for name in "def"]
    await asyncio.sleep(0)
    for one in gone:
        one.cancel()
    await pass_time(CALL_S)
    assert len(source.asked) == 1
    assert not fetch.busy
    stays, leaves = ask(fetch, "stays"), ask(fetch, "leaves")
    await asyncio.sleep(0)
    leaves.cancel()
    await stays
    assert source.asked[1:] == [keys("stays")]
    assert source.tasks[-1] is stays
    with pytest.raises(asyncio.CancelledError):
        await leaves


@virtually
async def test_poison() -> None:
    """After a fault that a key may be to blame for each asks alone, and nobody waits for a while."""
    source = Source(lambda names: UpstreamFailed(OMS, "stock", "500") if "poison" in names else None)
    fetch = gathered(source, POLICY)
    await crowded(fetch, source)
    poison, other = await asyncio.gather(ask(fetch, "poison"), ask(fetch, "other"), return_exceptions=True)
    assert isinstance(poison, UpstreamFailed)
    assert isinstance(other, dict)
    assert sorted(source.asked[1:], key=min) == [keys("other"), keys("poison")]
    source.asked.clear()
    await asyncio.gather(ask(fetch, "a"), ask(fetch, "b"))
    assert source.asked == [keys("a"), keys("b")]
