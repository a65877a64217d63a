"""The text of a plan: Python that can be read, with the place of each line and the names that it uses."""

from __future__ import annotations

import builtins
import linecache
from collections.abc import Sequence
from typing import Any

from graphql import Undefined

from domains.vocabulary import FreshnessTier, Reading, Row
from gateway.engine.compiled.places import Place

LINES_MAX = 1_000
"""Lines of one plan: eight times the largest of this repository's documents, and 20 ms to compile. A fragment is
written out wherever it is spread, so a small document can be a large plan; graphql-core only follows the data."""

Line = tuple[int, str, Place]
"""How far in it stands, its text, and the position that it works on."""

_BUILTINS = ("Exception", "bool", "float", "id", "int", "len", "list", "locals", "str", "tuple", "type", "zip")


class TooLarge(Exception):
    """An operation that is better not compiled."""


class Source:
    """A module in the making: functions are added whole, the innermost first."""

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.names: dict[str, Any] = {
            "__builtins__": {name: getattr(builtins, name) for name in _BUILTINS},
            "__name__": filename,
            "FRESH": FreshnessTier.FRESH,
            "LISTS": frozenset({list, tuple, Row}),
            "Reading": Reading,
            "Row": Row,
            "Undefined": Undefined,
        }
        self.places: list[Place | None] = [None]  # lines count from 1
        self._lines: list[str] = []
        self._count = 0
        self._drafted = 0

    def fresh(self, prefix: str) -> str:
        """A name that is not taken."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, prefix: str, value: Any) -> str:
        """The name of a value in the module."""
        name = self.fresh(prefix)
        self.names[name] = value
        return name

    def draft(self) -> None:
        """Count one more line before it is added. Raises TooLarge."""
        self._drafted += 1
        if self._drafted > LINES_MAX:
            raise TooLarge(f"more than {LINES_MAX} lines")

    def add(self, lines: Sequence[Line]) -> None:
        """Add a function."""
        for depth, text, place in lines:
            self._lines.append("    " * depth + text)
            self.places.append(place)

    @property
    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def compiled(self) -> dict[str, Any]:
        """The module's names, its functions among them. Tracebacks show its lines until `forget` is called."""
        text = self.text
        # Nothing a client wrote is in the text but names, which GraphQL keeps to letters, digits and underscores.
        exec(compile(text, self.filename, "exec", dont_inherit=True), self.names)  # noqa: S102 - said above
        linecache.cache[self.filename] = (len(text), None, text.splitlines(keepends=True), self.filename)
        return self.names


def forget(filename: str) -> None:
    """Drop the lines that tracebacks showed."""
    linecache.cache.pop(filename, None)
