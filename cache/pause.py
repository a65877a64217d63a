"""When to leave a failing store alone."""

from __future__ import annotations


class Pause:
    """After a failure nothing is allowed for a while, then one try at a time, ever further apart, until one works.

    Pure: `now` is in seconds of any clock that does not go back.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s
        self._until: float | None = None
        self._ends = 0.0

    @property
    def failing(self) -> bool:
        return self._until is not None

    def allows(self, now: float) -> bool:
        """Whether to try now. The first who may, while the store is failing, puts the next one off."""
        if self._until is None:
            return True
        if now < self._until:
            return False
        self._until = now + self._next_s  # holds even if this try is cancelled and never tells how it went
        return True

    def failed(self, now: float) -> float | None:
        """A try failed. Answers how long nothing is allowed from now on, in seconds; None when that was so already.

        Calls that were under way when the store died all fail: they are one failure.
        """
        if self._until is not None and now < self._ends:
            return None
        pause_s = self._next_s
        self._until = self._ends = now + pause_s
        self._next_s = min(self._longest_s, pause_s * 2)
        return pause_s

    def worked(self) -> None:
        self._until = None
        self._next_s = self._first_s
