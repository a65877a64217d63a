"""The fields of one object of the answer, as they are written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.engine.compiled.source import Line
from gateway.engine.compiled.stages import Stage


@dataclass(frozen=True, slots=True)
class Member:
    """A field of an object: the lines that make its `value`, or the stage that will.

    `alike` is whether it is always the same for the same record.
    """

    key: str
    value: str
    lines: list[Line]
    stage: Stage | None
    alike: bool

    def shifted(self, by: int) -> Member:
        """The same so many steps further in."""
        return replace(self, lines=[(depth + by, text, place) for depth, text, place in self.lines])
