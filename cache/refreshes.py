"""Loads that nobody waits for: what is stale is renewed behind its readers' backs."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Collection, Mapping
from functools import partial
from typing import Generic, TypeVar

from cache.events import CacheEventKind
from cache.loading import Loading, Outcome

K = TypeVar("K")
T = TypeVar("T")


class Refreshes(Generic[K, T]):
    """At most `refreshes_max` batches at a time; failures go to the hook, bugs to the log as well.

    A refresh runs in an empty context: the deadline and the path of the request that noticed are none of its own. What
    is private is refreshed as its owner, deadline and all: without a caller a source might take it for anybody's.
    """

    def __init__(self, loading: Loading[K, T], refreshes_max: int, *, private: bool) -> None:
        self._loading = loading
        self._refreshes_max = refreshes_max
        self._private = private
        self._under_way: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether any refresh is under way."""
        return bool(self._tasks)

    def start(self, owner: str, wanted: Mapping[str, K]) -> None:
        """Renew what is not being renewed yet."""
        idle = {text: key for text, key in wanted.items() if (owner, text) not in self._under_way}
        if not idle:
            return
        if len(self._tasks) >= self._refreshes_max:
            self._loading.tell(CacheEventKind.REFRESH_SKIPPED, len(idle))
            return
        context = contextvars.copy_context() if self._private else contextvars.Context()
        work = self._loading.load(owner, idle, _nobody_waits, {})
        task = asyncio.get_running_loop().create_task(work, context=context, name="refresh")
        self._tasks.add(task)
        self._under_way.update((owner, text) for text in idle)
        task.add_done_callback(partial(self._ended, owner, idle.keys()))

    def _ended(self, owner: str, texts: Collection[str], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._under_way.difference_update((owner, text) for text in texts)
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            self._loading.report_bug(bug, len(texts))


def _nobody_waits(_text: str, _outcome: Outcome[T]) -> None:
    """The store has it; the next reader finds it there."""
