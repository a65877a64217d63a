"""Signals as something to wait for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from gateway.workers.worker import HANDLED

_HEARD_MAX = 64  # at once; the rest is heard in the next turn


class Ears:
    """Takes SIGINT, SIGTERM and SIGCHLD while its context lasts, and gives them back afterwards."""

    def __init__(self) -> None:
        self.fd, self._told = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._told, False)
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}
        self._woken = -1

    @property
    def fds(self) -> tuple[int, int]:
        return self.fd, self._told

    def __enter__(self) -> Ears:
        # The number of each signal is written by the interpreter itself, whatever it is in the middle of.
        self._woken = signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _nothing) for number in HANDLED}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._woken)
        for fd in self.fds:
            os.close(fd)

    def heard(self) -> bytes:
        """The numbers of the signals that have come since, oldest first."""
        try:
            return os.read(self.fd, _HEARD_MAX)
        except BlockingIOError:
            return b""


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """The wakeup file has it; without a handler in Python it would not."""
