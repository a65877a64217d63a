"""Fetches over mappings and functions that count what they are asked, and a journal that can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Generic, TypeVar

from domains.durable import Durable
from domains.vocabulary import FreshnessTier, Page, Reading
from tests.journal import Journal
from tests.resolvers.goods import NOW, business_exception, flow, reconciliation

K = TypeVar("K")
T = TypeVar("T")

OBSERVED = NOW - timedelta(seconds=30)


def reading(value: T, source: str = "test:fake", tier: FreshnessTier = FreshnessTier.LIVE) -> Reading[T]:
    return Reading(value, source, tier, OBSERVED.timestamp(), 60.0)


class Fake(Generic[K, T]):
    """A Fetch over a mapping, or over a function of the key. `error` fails it; `tier` is that of what it answers."""

    def __init__(self, answers: Mapping[Any, T] | Callable[[Any], T | None]) -> None:
        self.answers = answers
        self.calls: list[frozenset[Any]] = []
        self.error: Exception | None = None
        self.tier = FreshnessTier.LIVE

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[T]]:
        self.calls.append(keys)
        if self.error is not None:
            raise self.error
        found = {key: self.answer(key) for key in keys}
        return {key: reading(value, tier=self.tier) for key, value in found.items() if value is not None}

    def answer(self, key: K) -> T | None:
        """What it knows of a key, uncounted."""
        return self.answers(key) if callable(self.answers) else self.answers.get(key)


def page_of(items: Iterable[Any], first: int, after: str | None) -> Page[Any]:
    everything = list(items)
    ids = [item.id for item in everything]
    start = 0 if after is None else ids.index(after) + 1
    return Page(items=tuple(everything[start : start + first]), has_next=start + first < len(everything))


def fake_books(journal: Journal) -> Durable:
    """The journal, with one flow about each order and return, one exception and one reconciliation to read."""
    return replace(
        journal.durable(),
        flows=Fake({"flow-1": flow()}),
        flows_about=Fake(lambda query: page_of([flow(query.subject or "Order:ord-000001")], query.first, query.after)),
        exceptions=Fake(lambda query: page_of([business_exception()], query.first, query.after)),
        reconciliations=Fake(lambda query: page_of([reconciliation()], query.first, query.after)),
    )
