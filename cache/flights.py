"""Loads that callers wait for: one per key, however many wait."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from cache.loading import Loading, Outcome

K = TypeVar("K")
T = TypeVar("T")

Flight: TypeAlias = "asyncio.Future[Outcome[T]]"


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
        """A future per key, and the keys of which this very call started the load."""
        joined = {text: air[owner] for text in wanted if owner in (air := self._air.get(text, {}))}
        started = {text: key for text, key in wanted.items() if text not in joined}
        if started:
            joined.update(self._start(owner, started))
        return joined, frozenset(started)

    def detach(self, texts: Collection[str]) -> None:
        """From here on nobody joins the loads of these keys; who is waiting for them gets what they bring."""
        for text in texts:
            self._air.pop(text, None)

    def detach_all(self) -> None:
        """From here on nobody joins any load that is under way."""
        self._air.clear()

    def _start(self, owner: str, wanted: Mapping[str, K]) -> dict[str, Flight[T]]:
        loop = asyncio.get_running_loop()
        flights: dict[str, Flight[T]] = {text: loop.create_future() for text in wanted}
        for text, flight in flights.items():
            self._air.setdefault(text, {})[owner] = flight
        work = self._loading.find(owner, wanted, partial(self._settle, owner, flights))
        task = loop.create_task(work, name="load for callers")
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, owner, flights))
        return flights

    def _settle(self, owner: str, flights: Mapping[str, Flight[T]], text: str, outcome: Outcome[T]) -> None:
        flights[text].set_result(outcome)
        self._clear(owner, text, flights[text])

    def _ended(self, owner: str, flights: Mapping[str, Flight[T]], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            self._loading.report_bug(bug, len(flights))
        for text, flight in flights.items():
            self._clear(owner, text, flight)
            if flight.done():
                continue
            if bug is None:
                flight.cancel()
            else:
                flight.set_exception(bug)
                flight.exception()  # marks it as seen: it is in the log, should every caller have left

    def _clear(self, owner: str, text: str, flight: Flight[T]) -> None:
        air = self._air.get(text)
        if air is not None and air.get(owner) is flight:
            del air[owner]
            if not air:
                del self._air[text]
