"""How the systems in memory are asked and written: counted, and by key where they repeat their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from domains.vocabulary import (
    Fetch,
    FreshnessTier,
    IdempotencyKey,
    Reading,
    SystemRole,
    UpstreamError,
    UpstreamRejected,
)
from tests.domains.flows.runner import NOON

T = TypeVar("T")


@dataclass
class Desk:
    """`effects` counts what was really done; `repeats` says whether a system answers a repeated key as it did the
    first time, or treats it as another request."""

    repeats: bool = True
    effects: Counter[str] = field(default_factory=Counter)
    answered: dict[tuple[str, str], Any] = field(default_factory=dict)
    down: dict[SystemRole, UpstreamError] = field(default_factory=dict)
    asked: Counter[SystemRole] = field(default_factory=Counter)
    tier: FreshnessTier = FreshnessTier.LIVE

    def once(self, effect: str, key: IdempotencyKey, do: Callable[[], T]) -> T:
        """A refusal is not kept: nothing changed, so the same key may succeed later."""
        if self.repeats and (effect, key) in self.answered:
            known: T = self.answered[(effect, key)]
            return known
        answer = do()
        self.effects[effect] += 1
        self.answered[(effect, key)] = answer
        return answer

    def fetching(self, system: SystemRole, rows: Callable[[], Mapping[Any, T]]) -> Fetch[Any, T]:
        async def fetch(keys: frozenset[Any], /) -> Mapping[Any, Reading[T]]:
            self.asked[system] += 1
            if system in self.down:
                raise self.down[system]
            return {
                key: Reading(row, system.value.lower(), self.tier, NOON.timestamp(), 0.0)
                for key, row in rows().items()
                if key in keys
            }

        return fetch


def rejected(system: SystemRole, reason: str) -> UpstreamRejected:
    return UpstreamRejected(system, "write", status=409, reason=reason)


async def nothing(keys: frozenset[Any], /) -> Mapping[Any, Reading[Any]]:
    raise AssertionError("the flows of orders do not read this")
