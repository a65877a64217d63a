"""What is compared: a subject, walked page by page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from domains.durable import Mismatch

PAGE = 100
"""Things looked at together: two questions to the books, and a transaction of a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was looked at. `key` names it within its subject, `title` for people: "order W0ABCD1234EFG"."""

    key: str
    title: str
    mismatches: tuple[Mismatch, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page. `next` is the cursor behind it, None at the end."""

    checked: tuple[Checked, ...]
    next: str | None


class Subject(Protocol):
    """Orders, returns, redemptions or what is cached. What is still under way is never looked at.

    All raise UpstreamError, NoRoom and JournalUnavailable.
    """

    @property
    def name(self) -> str: ...

    @property
    def second_look_s(self) -> float:
        """After how long what did not agree is looked at again: it may have changed between two questions."""
        ...

    async def total(self, since: float) -> int | None:
        """How many things were finished since then; None when nobody knows."""
        ...

    async def page(self, since: float, cursor: str | None) -> Leaf:
        """The things behind `cursor` that were finished since then."""
        ...

    async def again(self, keys: Collection[str]) -> tuple[Checked, ...]:
        """These once more; what is gone or under way by now is left out."""
        ...
