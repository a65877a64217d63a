"""The process that has workers: starts them, replaces those that end, passes signals on and waits for the end."""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from gateway.trouble import CannotStart
from gateway.workers.ears import Ears
from gateway.workers.pace import RestartPace
from gateway.workers.worker import BEAT, READY, REASON_BYTES_MAX, Child, Serve, fork

SILENT_S = 30.0
"""A worker that was ready and says nothing for so long does not answer its callers either: nothing may hold the event
loop for a second."""

LOOK_EVERY_S = 1.0
_ENDED_WELL = (0, -signal.SIGTERM, -signal.SIGINT)  # by the signal itself, when it had not begun to serve

_log = structlog.get_logger(__name__)


class WorkersFailed(CannotStart):
    """The workers did not come up, or end as soon as they do."""


@dataclass(slots=True)
class _Slot:
    """The place of one worker. Times are those of the supervisor's clock."""

    number: int
    child: Child | None = None
    is_ready: bool = False
    why: str = ""
    started_at: float = 0.0
    heard_at: float = 0.0
    failures: int = 0
    due_at: float = 0.0


class Supervisor:
    """Keeps `count` workers at `serve` until SIGINT or SIGTERM. They inherit `sock`, and take turns at its one queue.

    So a worker that ends takes no connection with it that nobody had accepted, and a busy one accepts fewer. `start_s`
    is how long a worker may take to be ready, `drain_s` how long all of them to end after a signal.
    """

    def __init__(
        self,
        serve: Serve,
        sock: socket.socket,
        count: int,
        *,
        start_s: float,
        drain_s: float,
        silent_s: float = SILENT_S,
        pace: RestartPace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._serve = serve
        self._sock = sock
        self._start_s = start_s
        self._drain_s = drain_s
        self._silent_s = silent_s
        self._pace = pace or RestartPace()
        self._clock = clock
        self._slots = [_Slot(number) for number in range(1, count + 1)]
        self._selector = selectors.PollSelector()  # has no file of its own that a fork would inherit
        self._opened = False
        self._ends_at: float | None = None

    def run(self, listening: Callable[[], None]) -> None:
        """Returns when all have ended after a signal; `listening` is called once, when all are ready.

        Raises WorkersFailed: nothing of them is left then.
        """
        # What stands until now is the same in every worker: never looked at again, its memory is shared by all.
        gc.freeze()
        with self._selector, Ears() as ears:
            self._selector.register(ears.fd, selectors.EVENT_READ)
            try:
                while self._ends_at is None or self._alive():
                    self._turn(ears, listening)
            finally:
                self._kill_all()

    def _turn(self, ears: Ears, listening: Callable[[], None]) -> None:
        if self._ends_at is None:
            self._start_due(ears)
        for key, _ in self._selector.select(self._rest_s()):
            if key.fd != ears.fd:
                self._hear(key.data)
        for number in ears.heard():
            if number != signal.SIGCHLD:
                self._pass_on(number)
        self._reap()
        self._kill_stuck()
        if self._ends_at is None and not self._opened and all(slot.is_ready for slot in self._slots):
            self._opened = True
            listening()

    def _rest_s(self) -> float:
        now = self._clock()
        dues = [slot.due_at - now for slot in self._slots if slot.child is None and self._opened]
        return max(0.0, min([LOOK_EVERY_S, *dues]))

    def _alive(self) -> list[_Slot]:
        return [slot for slot in self._slots if slot.child is not None]

    def _start_due(self, ears: Ears) -> None:
        """The others wait for the first one: what keeps it from starting would keep them, and is told once."""
        now = self._clock()
        slots = self._slots if self._slots[0].is_ready or self._opened else self._slots[:1]
        for slot in slots:
            if slot.child is None and slot.due_at <= now:
                if threading.active_count() > 1:
                    raise RuntimeError("threads do not survive a fork, and the locks they hold do")
                self._start(slot, ears, now)

    def _start(self, slot: _Slot, ears: Ears, now: float) -> None:
        others = [other.child.line for other in self._slots if other.child is not None]
        try:
            slot.child = fork(slot.number, self._serve, [*ears.fds, *others])
        except OSError as exc:  # those that answer go on answering
            if not self._opened:
                raise WorkersFailed(f"A worker cannot be started: {exc.strerror}.") from exc
            slot.failures += 1
            again_in_s = self._again_later(slot, now, least_s=self._pace.first_s)
            _log.error("a worker cannot be started", worker=slot.number, why=exc.strerror, again_in_s=again_in_s)
            self._give_up_if_none_is_left()
            return
        slot.is_ready, slot.why = False, ""
        slot.started_at = slot.heard_at = now
        self._selector.register(slot.child.line, selectors.EVENT_READ, slot)

    def _hear(self, slot: _Slot) -> None:
        if slot.child is None:
            return
        try:
            said = os.read(slot.child.line, REASON_BYTES_MAX)
        except BlockingIOError:
            return
        if not said:  # it is gone; _reap says how
            self._selector.unregister(slot.child.line)
            return
        slot.heard_at = self._clock()
        slot.is_ready = slot.is_ready or READY in said
        slot.why += said.replace(READY, b"").replace(BEAT, b"").decode("utf-8", "replace")

    def _pass_on(self, number: int) -> None:
        """Have all end; a second signal says again that it is to be soon."""
        if self._ends_at is None:
            self._ends_at = self._clock() + self._drain_s
            self._sock.close()  # or it would still listen when the last worker does not
        for slot in self._alive():
            self._send(slot, number)

    def _reap(self) -> None:
        for slot in self._alive():
            assert slot.child is not None  # noqa: S101 - what _alive means
            pid, status = os.waitpid(slot.child.pid, os.WNOHANG)
            if pid:
                self._hear_out(slot)
                self._ended(slot, os.waitstatus_to_exitcode(status))

    def _hear_out(self, slot: _Slot) -> None:
        """What it said before it ended, and nothing more."""
        if slot.child is not None and slot.child.line in self._selector.get_map():
            self._hear(slot)
            if slot.child.line in self._selector.get_map():
                self._selector.unregister(slot.child.line)
        if slot.child is not None:
            os.close(slot.child.line)

    def _ended(self, slot: _Slot, code: int) -> None:
        now = self._clock()
        pid = None if slot.child is None else slot.child.pid
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        slot.child, slot.is_ready = None, False
        if self._ends_at is not None:
            if code not in _ENDED_WELL:
                _log.error("a worker did not end well", worker=slot.number, pid=pid, how=how)
            return
        if not self._opened:
            raise WorkersFailed(slot.why or f"A worker ended before it was ready, by {how}; the lines above say why.")
        slot.failures = 1 if now - slot.started_at >= self._pace.settled_s else slot.failures + 1
        again_in_s = self._again_later(slot, now)
        why = {"why": slot.why} if slot.why else {}
        _log.error("a worker ended", worker=slot.number, pid=pid, how=how, again_in_s=again_in_s, **why)
        self._give_up_if_none_is_left()

    def _again_later(self, slot: _Slot, now: float, least_s: float = 0.0) -> float:
        """Have it started again; answers in how many seconds."""
        wait_s = max(least_s, self._pace.wait_s(slot.failures))
        slot.due_at = now + wait_s
        return round(wait_s, 3)

    def _give_up_if_none_is_left(self) -> None:
        if not self._alive() and all(one.failures >= self._pace.failures_max for one in self._slots):
            raise WorkersFailed("All workers end as soon as they are started; the lines above say why.")

    def _kill_stuck(self) -> None:
        now = self._clock()
        for slot in self._alive():
            if self._ends_at is not None:
                stuck, why = now >= self._ends_at, "it did not end in time"
            elif slot.is_ready:
                stuck, why = now - slot.heard_at > self._silent_s, "its event loop stands still"
            else:
                stuck, why = now - slot.started_at > self._start_s, "it was not ready in time"
            if stuck:
                _log.error("a worker is killed", worker=slot.number, why=why)
                self._send(slot, signal.SIGKILL)

    def _kill_all(self) -> None:
        for slot in self._alive():
            assert slot.child is not None  # noqa: S101 - what _alive means
            self._send(slot, signal.SIGKILL)
            os.waitpid(slot.child.pid, 0)
            os.close(slot.child.line)
            slot.child = None

    def _send(self, slot: _Slot, number: int) -> None:
        if slot.child is not None:  # not reaped yet, so the number cannot be somebody else's
            os.kill(slot.child.pid, number)
