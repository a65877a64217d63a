"""Promising again what was promised a moment ago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from domains.inventory.availability import promise
from domains.inventory.model import Availability, StockPosition
from domains.vocabulary import FreshnessTier, FulfillmentType, Reading

E = TypeVar("E")

PROMISED_MAX = 10_000
"""Promises that are remembered: some 4 MB, and more positions than are looked at within the seconds that one lasts."""


class Promiser:
    """Says of stock positions what may be promised of them, and remembers it as long as the reading is the same one.

    A page of a busy shop shows the same positions many times while a cache has them: finding a promise takes 0.1 us,
    working it out ten times as much. Everything is forgotten when it is too much.
    """

    def __init__(self, most: int = PROMISED_MAX) -> None:
        self._most = most
        self._known: dict[FulfillmentType | None, dict[int, tuple[Reading[StockPosition], Reading[Availability]]]] = {}

    def of(
        self, found: Sequence[Reading[StockPosition] | E], fulfillment: FulfillmentType | None
    ) -> list[Reading[Availability] | E]:
        """`promise` of every reading in `found`; what is none stays as it is."""
        known = self._known.setdefault(fulfillment, {})
        answers: list[Reading[Availability] | E] = []
        for one in found:
            if not isinstance(one, Reading):
                answers.append(one)
                continue
            # By identity: two readings that are equal would have to be compared, which takes as long as promising.
            before = known.get(id(one))
            if before is not None and before[0] is one:
                answers.append(before[1])
                continue
            answer = promise(one, fulfillment)
            if one.tier is FreshnessTier.FRESH:  # others are made for one request
                if len(known) >= self._most:
                    known.clear()
                known[id(one)] = one, answer
            answers.append(answer)
        return answers
