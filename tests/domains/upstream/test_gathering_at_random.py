"""Whatever the order of asks, ends, failures and departures, each is answered what their keys alone would bring."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.upstream import Gathered, GatheringPolicy, current_path, deadline_scope, path_scope
from domains.upstream.gathering import CROWD, OTHERS, TRIED_EVERY
from domains.vocabulary import (
    DeadlineExceeded,
    FreshnessTier,
    Reading,
    ServingPath,
    SystemRole,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamUnreachable,
)
from tests.domains.upstream.virtual_time import loop_clock, run_virtual

OMS = SystemRole.OMS
MS = 0.001
KEYS_MAX = 20
KNOWN_MAX = 8  # from here on keys are not found
POISON: dict[int, UpstreamError] = {
    10: UpstreamRejected(OMS, "stock", status=400),
    11: UpstreamGarbled(OMS, "stock"),
    12: UpstreamFailed(OMS, "stock"),
}
"""Keys that spoil whatever call they are in."""


@dataclass(frozen=True)
class Ask:
    begins_ms: int
    turns: int  # of the loop, after that
    keys: frozenset[int]
    leaves_ms: int | None  # is cancelled so long after
    time_ms: int | None  # has a deadline so long after
    path: ServingPath


ASKS = st.lists(
    st.builds(
        Ask,
        begins_ms=st.integers(0, 20),
        turns=st.integers(0, 8),
        keys=st.frozensets(st.integers(0, 9) | st.integers(0, 12), max_size=5),
        leaves_ms=st.none() | st.integers(0, 30),
        time_ms=st.none() | st.integers(1, 60),
        path=st.sampled_from([ServingPath.BROWSE, ServingPath.CHECKOUT]),
    ),
    min_size=2,
    max_size=14,
)

POLICIES = st.builds(
    GatheringPolicy,
    calls_free=st.integers(1, 3) | st.just(100),  # busy systems, and those that never are
    window_s=st.just(3 * MS),
    turns=st.integers(0, 4),
)


def alone(keys: frozenset[int], path: ServingPath | None, *, is_down: bool) -> Mapping[int, Reading[int]]:
    """What a call for these keys brings; the system may be down for those on CHECKOUT."""
    if is_down and path is ServingPath.CHECKOUT:
        raise UpstreamUnreachable(OMS, "stock")
    for key in sorted(keys & POISON.keys()):
        raise POISON[key]
    return {key: Reading(key, "oms:test", FreshnessTier.LIVE, 0.0, 1.0) for key in keys if key < KNOWN_MAX}


def outcome(one: Ask, *, is_down: bool) -> object:
    try:
        return alone(one.keys, one.path, is_down=is_down)
    except UpstreamError as error:
        return error


async def answers(asks: list[Ask], takes_ms: list[int], policy: GatheringPolicy, *, is_down: bool) -> list[object]:
    calls: list[frozenset[int]] = []

    async def source(keys: frozenset[int], /) -> Mapping[int, Reading[int]]:
        calls.append(keys)
        await asyncio.sleep(takes_ms[len(calls) % len(takes_ms)] * MS)
        return alone(keys, current_path(), is_down=is_down)

    fetch = Gathered(source, policy, keys_max=KEYS_MAX, system=OMS, capability="stock", clock=loop_clock)
    await asyncio.gather(
        *(fetch(frozenset({0})) for _ in range(OTHERS + TRIED_EVERY + CROWD))
    )  # so that some wait in turns
    calls.clear()

    async def asked(one: Ask) -> Mapping[int, Reading[int]]:
        await asyncio.sleep(one.begins_ms * MS)
        for _ in range(one.turns):
            await asyncio.sleep(0)
        with ExitStack() as scopes:
            scopes.enter_context(path_scope(one.path))
            if one.time_ms is not None:
                scopes.enter_context(deadline_scope(one.time_ms * MS, loop_clock))
            return await fetch(one.keys)

    tasks = [asyncio.create_task(asked(one)) for one in asks]
    for one, task in zip(asks, tasks, strict=True):
        if one.leaves_ms is not None:
            asyncio.get_running_loop().call_later((one.begins_ms + one.leaves_ms) * MS, task.cancel)
    found = await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(max(takes_ms) * MS)  # a call whose callers' time was up ends by itself
    assert not fetch.busy
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert max(map(len, calls), default=0) <= KEYS_MAX
    spoilt = sum(1 for keys in calls if keys & POISON.keys())
    assert len(calls) <= len(asks) + spoilt
    return list(found)


@settings(max_examples=120)
@given(ASKS, st.lists(st.integers(1, 40), min_size=1, max_size=5), POLICIES, st.booleans())
def test_as_if_alone(asks: list[Ask], takes_ms: list[int], policy: GatheringPolicy, is_down: bool) -> None:
    """Each is answered as by a call of their own, unless they left or their time was up before."""
    found = run_virtual(answers(asks, takes_ms, policy, is_down=is_down))
    for one, answer in zip(asks, found, strict=True):
        if isinstance(answer, asyncio.CancelledError):
            assert one.leaves_ms is not None
            continue
        if isinstance(answer, DeadlineExceeded):
            assert one.time_ms is not None
            continue
        expected = outcome(one, is_down=is_down)
        assert type(answer) is type(expected) if isinstance(expected, UpstreamError) else answer == expected
