"""An event loop whose clock jumps to the next timer instead of waiting for it: hours of behaviour in no time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Never waits; tells the loop how long it would have waited."""

    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("every task waits for something that will never happen")
            self._jump(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at second 1000, so that nothing works only because the clock is near 0."""

    def __init__(self) -> None:
        self._now_s = 1000.0
        super().__init__(_Jumping(self._jump))

    def time(self) -> float:
        return self._now_s

    def _jump(self, seconds: float) -> None:
        self._now_s += seconds


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, run on a loop of its own in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def loop_clock() -> float:
    """The time of the running loop: the clock to give to what is tested."""
    return asyncio.get_running_loop().time()


async def pass_time(seconds: float) -> None:
    """Let `seconds` of virtual time go by."""
    await asyncio.sleep(seconds)
