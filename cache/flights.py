"""Loads that callers wait for: one per key, however many wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Generic, TypeVar

import msgspec

from cache.loading import Loading, Outcome
from cache.store import Entry

K = TypeVar("K")
T = TypeVar("T")


class Flight(msgspec.Struct, Generic[T], frozen=True):
    """One key's part in a load that began at `began_at` of the loop's time.

    `stand_ins` are the load's, by key: entries past their fresh time, known once the store has been asked.
    """

    landed: asyncio.Future[Outcome[T]]
    began_at: float
    stand_ins: Mapping[str, Entry[T]]


class Flights(Generic[K, T]):
    """The loads of one kind of answer that are under way in this process.

    A load runs in a task of its own, so that the caller who started it may leave without anybody else noticing. It
    does run in that caller's context, and so within that caller's deadline.
    """

    def __init__(self, loading: Loading[K, T]) -> None:
        self._loading = loading
        self._air: dict[str, dict[str, Flight[T]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly

    @property
    def busy(self) -> bool:
        """Whether any load is under way."""
        return bool(self._tasks)

    def join(self, owner: str, wanted: Mapping[str, K]) -> tuple[dict[str, Flight[T]], frozenset[str]]:
        """A flight per key, and the keys of which this very call started the load."""
        joined = {text: air[owner] for text in wanted if owner in (air := self._air.get(text, {}))}
        started = {text: key for text, key in wanted.items() if text not in joined}
        if started:
            joined.update(self._start(owner, started))
        return joined, frozenset(started)

    def may_be_joined(self, owner: str, text: str, flight: Flight[T]) -> bool:
        """Whether it is under way, and nothing of the key has been forgotten since it began."""
        return self._air.get(text, {}).get(owner) is flight

    def detach(self, texts: Collection[str]) -> None:
        """From here on nobody joins the loads of these keys; who is waiting for them gets what they bring."""
        for text in texts:
            self._air.pop(text, None)

    def detach_all(self) -> None:
        """From here on nobody joins any load that is under way."""
        self._air.clear()

    def _start(self, owner: str, wanted: Mapping[str, K]) -> dict[str, Flight[T]]:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        stand_ins: dict[str, Entry[T]] = {}
        flights = {text: Flight(loop.create_future(), began_at, stand_ins) for text in wanted}
        for text, flight in flights.items():
            self._air.setdefault(text, {})[owner] = flight
        work = self._loading.find(owner, wanted, partial(self._settle, owner, flights), stand_ins)
        task = loop.create_task(work, name="load for callers")
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, owner, flights))
        return flights

    def _settle(self, owner: str, flights: Mapping[str, Flight[T]], text: str, outcome: Outcome[T]) -> None:
        flights[text].landed.set_result(outcome)
        self._clear(owner, text, flights[text])

    def _ended(self, owner: str, flights: Mapping[str, Flight[T]], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            self._loading.report_bug(bug, len(flights))
        for text, flight in flights.items():
            self._clear(owner, text, flight)
            landed = flight.landed
            if landed.done():
                continue
            if bug is None:
                landed.cancel()
            else:
                landed.set_exception(bug)
                landed.exception()  # marks it as seen: it is in the log, should every caller have left

    def _clear(self, owner: str, text: str, flight: Flight[T]) -> None:
        air = self._air.get(text)
        if air is not None and air.get(owner) is flight:
            del air[owner]
            if not air:
                del self._air[text]


async def until_landed(
    flights: Mapping[str, Flight[T]], wait_s: float, slow_s: float, stand_in: Callable[[str, Flight[T]], object | None]
) -> None:
    """Wait for all of them, at most `wait_s` seconds, and for those with a `stand_in` until `slow_s` after they began.

    One at a time, because a load settles all of its keys at once: a callback for each took 2 us a key.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    for text, flight in flights.items():
        landed = flight.landed
        if landed.done():
            continue
        now, slow_at = loop.time(), flight.began_at + slow_s
        if now > until or (now >= slow_at and stand_in(text, flight)):
            continue
        await asyncio.wait((landed,), timeout=max(0.0, min(slow_at, until) - now))
        # Not by the clock: uvloop counts in milliseconds, and wakes who waits a moment early.
        if slow_at < until and not landed.done() and not stand_in(text, flight):
            await asyncio.wait((landed,), timeout=max(0.0, until - loop.time()))
