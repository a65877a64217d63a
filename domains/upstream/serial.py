"""One call at a time per key, for systems that answer simultaneous writes to one cart or account with a conflict."""

from __future__ import annotations

from domains.upstream.slots import Slots


class Serial:
    """A queue of one per key. Keys exist only while somebody holds or awaits them, at most `keys_max` at once."""

    def __init__(self, keys_max: int, queue_max: int) -> None:
        self._keys_max = keys_max
        self._queue_max = queue_max
        self._queues: dict[str, Slots] = {}
        self._interested: dict[str, int] = {}

    @property
    def keys(self) -> int:
        return len(self._queues)

    async def acquire(self, key: str, wait_s: float) -> bool:
        """Take `key` within `wait_s` seconds. True: held until `release(key)`; False: too many keys or waiters."""
        if key not in self._queues and len(self._queues) >= self._keys_max:
            return False
        queue = self._queues.setdefault(key, Slots(1, self._queue_max))
        self._interested[key] = self._interested.get(key, 0) + 1
        held = False
        try:
            held = await queue.acquire(wait_s)
        finally:
            if not held:
                self._forget(key)
        return held

    def release(self, key: str) -> None:
        """Give `key` to the longest waiting."""
        self._queues[key].release()
        self._forget(key)

    def _forget(self, key: str) -> None:
        self._interested[key] -= 1
        if not self._interested[key]:
            del self._interested[key], self._queues[key]
