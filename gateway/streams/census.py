"""How many streams are open, and whose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from domains.vocabulary import RetailError
from gateway.streams.settings import StreamSettings


class TooManyStreams(RetailError):
    """As many are open as may be; `whole_process` says whether this caller's, or everybody's together."""

    code = "TOO_MANY_STREAMS"

    def __init__(self, most: int, *, whole_process: bool) -> None:
        whose = "This gateway carries" if whole_process else "A caller may have"
        super().__init__(f"{whose} {most} streams at most, and so many are open. End one, or come back later.")
        self.whole_process = whole_process


class Census:
    """Counts the open streams of a process by caller."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._open: Counter[str | None] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    @contextmanager
    def counted(self, owner: str | None) -> Iterator[None]:
        """One more stream of `owner`, None for callers who share a name. Raises TooManyStreams."""
        if self._open.total() >= self._settings.streams_max:
            raise TooManyStreams(self._settings.streams_max, whole_process=True)
        most = self._settings.anonymous_max if owner is None else self._settings.per_caller_max
        if self._open[owner] >= most:
            raise TooManyStreams(most, whole_process=owner is None)
        self._open[owner] += 1
        try:
            yield
        finally:
            self._open[owner] -= 1
            if not self._open[owner]:
                del self._open[owner]
