"""The head of a request: its headers, gone through once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.types import Scope

_KEPT: Final = "state.retailgraph.head"


class Head:
    """The values of each header in the order in which they came, and the `size` of all lines in bytes.

    Names are in small letters, as ASGI has them; values are text of ISO 8859-1 (RFC 9110, 5.5).
    """

    __slots__ = ("_lines", "raw", "size")

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        size = 0
        lines: dict[bytes, list[bytes]] = {}
        for name, value in raw:
            size += len(name) + len(value)
            if name in lines:
                lines[name].append(value)
            else:
                lines[name] = [value]
        self.raw = raw
        self.size = size
        self._lines = lines

    def all(self, name: bytes) -> list[str]:
        """Every value of `name`; none where it was not sent."""
        values = self._lines.get(name)
        if values is None:
            return []
        if len(values) == 1:
            return [values[0].decode("latin-1")]
        return [value.decode("latin-1") for value in values]

    def first(self, name: bytes) -> str | None:
        """The first value of `name`."""
        values = self._lines.get(name)
        return None if values is None else values[0].decode("latin-1")

    def joined(self, name: bytes) -> str:
        """Every value of `name` as one list (RFC 9110, 5.3)."""
        return ",".join(self.all(name)) if name in self._lines else ""

    def __contains__(self, name: bytes) -> bool:
        return name in self._lines


def head_of(scope: Scope) -> Head:
    """The head of the request that `scope` is of.

    Kept in the scope, because some ten places ask for it: going through the lines for each took 10 us of a request.
    What was kept counts for these very lines only: a copy of the scope may have others.
    """
    kept: Head | None = scope.get(_KEPT)
    if kept is None or kept.raw is not scope["headers"]:
        kept = scope[_KEPT] = Head(scope["headers"])
    return kept
