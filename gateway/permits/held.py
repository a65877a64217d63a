"""What a caller brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from resolvers.context import Caller
from resolvers.ownership import identified


@dataclass(frozen=True, slots=True)
class Held:
    """Whether we know who asks, and which scopes they hold."""

    identified: bool = False
    scopes: frozenset[str] = frozenset()


NOBODY: Final = Held()
"""A visitor. Whoever forgets to say what a caller holds has let in no more than that."""


def held_by(caller: Caller) -> Held:
    """What `caller` brings to every operation."""
    return Held(identified(caller), caller.scopes)
