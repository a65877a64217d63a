"""What the tests of gathering share: a source that takes its time, and a clock that takes none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from typing import Any

from domains.upstream import Deadline, Gathered, GatheringPolicy, correlation_id, current_deadline, current_path
from domains.vocabulary import FreshnessTier, Reading, ServingPath, SystemRole
from tests.domains.upstream.virtual_time import loop_clock, run_virtual

OMS = SystemRole.OMS
CALL_S = 0.05
WINDOW_S = 0.003
KEYS_MAX = 40
POLICY = GatheringPolicy(calls_free=1, window_s=WINDOW_S)
owner: ContextVar[str | None] = ContextVar("owner", default=None)
Read = Mapping[str, Reading[str]]


class Source:
    """Takes `takes_s`, and knows every key but those that begin with "no". `asked` is what each call held."""

    def __init__(self, fault: Callable[[frozenset[str]], BaseException | None] = lambda _: None) -> None:
        self.fault = fault
        self.takes_s = CALL_S
        self.asked: list[frozenset[str]] = []
        self.tasks: list[asyncio.Task[Any] | None] = []
        self.correlations: list[str | None] = []
        self.deadlines: list[Deadline | None] = []
        self.paths: list[ServingPath | None] = []
        self.begun_at: list[float] = []
        self.cancelled = 0

    async def __call__(self, keys: frozenset[str], /) -> Read:
        self.asked.append(keys)
        self.tasks.append(asyncio.current_task())
        self.correlations.append(correlation_id.get())
        self.deadlines.append(current_deadline())
        self.paths.append(current_path())
        self.begun_at.append(loop_clock())
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if (fault := self.fault(keys)) is not None:
            raise fault
        return {key: _reading(key) for key in keys if not key.startswith("no")}


def _reading(key: str) -> Reading[str]:
    return Reading(f"of {key}", "oms:test", FreshnessTier.LIVE, 0.0, 1.0)


def gathered(source: Source, policy: GatheringPolicy = POLICY, *, private: bool = False) -> Gathered[str, str]:
    whose = owner.get if private else None
    return Gathered(
        source, policy, keys_max=KEYS_MAX, system=OMS, capability="stock", owner=whose, clock=loop_clock
    )  # fmt: skip


def keys(*names: str) -> frozenset[str]:
    return frozenset(names)


def values(read: Read) -> dict[str, str]:
    return {key: reading.value for key, reading in read.items()}


def virtually(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test in virtual time. It must leave no task behind."""

    async def alone() -> None:
        await test()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def run() -> None:
        run_virtual(alone())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def ask(fetch: Gathered[str, str], *names: str) -> asyncio.Task[Read]:
    return asyncio.create_task(fetch(keys(*names)))


async def turn() -> None:
    """Let everybody who can go on do so."""
    for _ in range(3):
        await asyncio.sleep(0)
