"""A bulkhead: how many calls may be under way at once, and how many may wait for that."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """At most `slots_max` holders, and a first-in first-out queue of at most `queue_max` for a place.

    A freed slot is handed to the longest waiting, never put up for a race, so nobody is overtaken. Whoever is cancelled
    while waiting leaves no trace: a slot that was just handed over goes to the next.
    """

    def __init__(self, slots_max: int, queue_max: int) -> None:
        self.slots_max = slots_max
        self.queue_max = queue_max
        self.in_flight = 0
        self._waiting: deque[asyncio.Future[bool]] = deque()

    @property
    def queued(self) -> int:
        return len(self._waiting)

    def taken(self) -> bool:
        """Take a slot if one is free: that is `acquire` where nobody has to wait. True: held until `release`."""
        if self.in_flight < self.slots_max:
            self.in_flight += 1
            return True
        return False

    async def acquire(self, wait_s: float) -> bool:
        """Take a slot within `wait_s` seconds. True: held until `release`; False: the queue is full or too slow."""
        if self.taken():
            return True
        if len(self._waiting) >= self.queue_max:
            return False
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(turn)
        # A timer on the future, not a timeout around the wait: a timeout could strike a task that has just been served.
        patience = loop.call_later(wait_s, _give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.release()
            raise
        finally:
            patience.cancel()
            if turn in self._waiting:
                self._waiting.remove(turn)

    def release(self) -> None:
        """Give a slot back; it goes to the longest waiting."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(True)
                return
        self.in_flight -= 1


def _give_up(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)
