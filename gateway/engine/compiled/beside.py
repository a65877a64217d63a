"""Stages that may have to wait, side by side: in the task of who asks as long as that does, else in tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from contextvars import copy_context
from typing import Any, NamedTuple, cast

from gateway.begun import Begun
from gateway.engine.compiled.places import Place
from gateway.engine.compiled.running import Entry, Run, Waiting

Wait = Coroutine[Any, Any, None]


class Side(NamedTuple):
    """One of several stages, and for whom it works."""

    wait: Wait
    place: Place
    entries: Sequence[Entry]

    def lives(self, run: Run) -> bool:
        """Whether anybody will see what comes of it."""
        return not run.nulled or any(run.lives(self.place, entry) for entry in self.entries)


async def together(run: Run, sides: Sequence[Side]) -> None:
    """Wait for several stages side by side. Those that an error elsewhere has made useless are cancelled by the run.

    They are begun here, one after the other, until one really waits; only what is left then gets tasks. Where all is at
    hand that is none: 22 us less of an account's two.
    """
    scope = copy_context()  # what the first may have set in it while it waits is not for the others
    begun, tasks = None, []
    for side in sides:
        if (begun is None or begun.is_done) and side.lives(run):
            begun = _Begun(side)
        else:
            tasks.append(asyncio.create_task(_watched(run, side, side.wait), context=scope.copy()))
    if begun is not None and not tasks:
        await begun
        return
    try:
        if begun is None or begun.is_done:
            await asyncio.sleep(0)  # a task that is cancelled before it has begun drops what it was to wait for
        else:
            await _watched(run, begun.side, begun)
        for task in tasks:
            await task
    finally:
        pending = [task for task in tasks if not task.done()]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)


async def _watched(run: Run, side: Side, wait: Wait | _Begun) -> None:
    """Wait, and be cancelled when nobody will see what comes of it: then it ends without a word."""
    task = cast("asyncio.Task[None]", asyncio.current_task())
    before, waiting = task.cancelling(), Waiting(task, side.place, side.entries)
    if not side.lives(run):
        if not isinstance(wait, _Begun):
            wait = _Begun(side)  # all the same, lest coroutines are dropped that nobody awaited
        if wait.is_done:
            return
        waiting.let_go()
    run.waiting.append(waiting)
    try:
        await wait
    except asyncio.CancelledError:
        # Like asyncio.timeout: of two who cancel at once, the other one is obeyed.
        if not waiting.is_let_go or task.cancelling() - 1 > before:
            raise
    finally:
        run.waiting.remove(waiting)
        if waiting.is_let_go:
            task.uncancel()


class _Begun:
    """A stage that has been begun, in the task that goes on with it when it awaits this."""

    __slots__ = ("_begun", "_error", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self._begun: Begun[None] | None = None
        self._error: BaseException | None = None
        try:
            self._begun = Begun(side.wait)
        except BaseException as error:  # noqa: BLE001 - raised when it is awaited, so that the others have been begun
            self._error = error

    @property
    def is_done(self) -> bool:
        """Whether it has ended, and well, without waiting for anything."""
        return self._begun is not None and self._begun.is_done

    def __await__(self) -> Generator[Any, Any, None]:
        if self._begun is not None:
            yield from self._begun.__await__()
        elif self._error is not None:
            yield from asyncio.sleep(0).__await__()
            raise self._error
