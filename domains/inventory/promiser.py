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
        self._known: dict[FulfillmentType | None, dict[int, Reading[Availability]]] = {}
        self._kept: dict[int, Reading[StockPosition]] = {}
        """Of what something is known: while it is here, nothing else has its identity."""

    def of(
        self, found: Sequence[Reading[StockPosition] | E], fulfillment: FulfillmentType | None
    ) -> list[Reading[Availability] | E]:
        """`promise` of every reading in `found`; what is none stays as it is."""
        known = self._known.setdefault(fulfillment, {})
        try:  # what was shown before, which is most of what a cache has
            return [known[id(one)] for one in found]
        except KeyError:
            pass
        answers: list[Reading[Availability] | E] = []
        for one in found:
            if not isinstance(one, Reading):
                answers.append(one)
                continue
            # By identity: two readings that are equal would have to be compared, which takes as long as promising.
            answer = known.get(id(one))
            if answer is None:
                answer = promise(one, fulfillment)
                if one.tier is FreshnessTier.FRESH:  # others are made for one request
                    self._keep(one)
                    known[id(one)] = answer
            answers.append(answer)
        return answers

    def _keep(self, reading: Reading[StockPosition]) -> None:
        if len(self._kept) >= self._most:
            self._kept.clear()
            for known in self._known.values():
                known.clear()
        self._kept[id(reading)] = reading
