"""One worker: a fork of the supervisor, with a line to it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

import structlog

from gateway.trouble import CannotStart

READY: Final = b"\x01"
BEAT: Final = b"\x02"
HANDLED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
REASON_BYTES_MAX = 4096  # fits into a pipe at once (pipe(7), PIPE_BUF), so nobody waits to complain

_log = structlog.get_logger(__name__)


class Line:
    """What a worker tells its supervisor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def ready(self) -> None:
        """Requests are accepted from now on."""
        self._tell(READY)

    def beat(self) -> None:
        """Still alive. To be called again and again once ready; ends this process when nobody listens any more."""
        try:
            self._tell(BEAT)
        except BrokenPipeError:
            # The supervisor was killed. A worker that stayed would keep the port from its successor.
            os.kill(os.getpid(), signal.SIGTERM)

    def cannot(self, why: str) -> None:
        """What keeps this worker from starting."""
        with suppress(BrokenPipeError):
            self._tell(why.encode("utf-8", "replace")[:REASON_BYTES_MAX])

    def _tell(self, message: bytes) -> None:
        with suppress(BlockingIOError):  # a supervisor that was suspended hears what fits
            os.write(self._fd, message)


Serve = Callable[[Line], None]
"""What a worker does until a signal ends it. May raise CannotStart."""


@dataclass(frozen=True, slots=True)
class Child:
    """A worker as its supervisor knows it: `line` is where it is heard."""

    pid: int
    line: int


def fork(number: int, serve: Serve, shut: Iterable[int]) -> Child:
    """Start worker `number`. `shut` are open files of the supervisor that are none of its business.

    To be called by a process with one thread: locks that others hold would stay locked in the worker for ever. Raises
    OSError when the system has no process, or no file, to spare.
    """
    heard, told = os.pipe()
    os.set_blocking(heard, False)
    os.set_blocking(told, False)
    # A signal that came between the fork and the child's own handlers would be heard by the supervisor as its own.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    try:
        pid = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for fd in (heard, told):
            os.close(fd)
        raise
    if not pid:
        for fd in (heard, *shut):
            os.close(fd)
        signal.set_wakeup_fd(-1)
        for one in HANDLED:
            signal.signal(one, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _live(number, serve, Line(told))
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(told)
    return Child(pid, heard)


def _live(number: int, serve: Serve, line: Line) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)  # Ctrl-C in the terminal is for the supervisor, which passes it on; twice would be "at once"
        structlog.contextvars.bind_contextvars(worker=number)
        serve(line)
        code = 0
    except CannotStart as exc:
        line.cannot(str(exc))
        code = 2
    except Exception:  # noqa: BLE001 - the end of this process: above it is the supervisor's stack, not ours to unwind
        _log.critical("a worker failed", exc_info=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
