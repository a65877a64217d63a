"""What a field says of where its answer comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from domains.vocabulary import ServingTier, SystemRole


@dataclass(frozen=True, slots=True)
class Served:
    """One `@servedFrom` line: the systems a field may ask, and the furthest tier its answer may come from."""

    systems: frozenset[SystemRole]
    tier: ServingTier


Declared: TypeAlias = Mapping[str, tuple[Served, ...]]
"""The lines of every field that asks a system, by "Type.field"."""
