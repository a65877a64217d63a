"""What a Fetch can say without waiting costs a request no task, and is the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from domains.vocabulary import FreshnessTier, Reading, Row, demanded_age_s, freshest_within
from resolvers.loaders import Loaders
from tests.resolvers.goods import NOW


def read(value: str) -> Reading[str]:
    return Reading(value, "test", FreshnessTier.LIVE, NOW.timestamp(), 60.0)


@dataclass
class Shelf:
    """A Fetch that has some answers `near`, None for what it knows not to be there; `asked` are the others."""

    near: dict[int, Reading[str] | None]
    asked: list[frozenset[int]] = field(default_factory=list)
    demands: list[float | None] = field(default_factory=list)

    def at_hand(self, keys: Collection[int], /) -> Mapping[int, Reading[str] | None]:
        self.demands.append(demanded_age_s())
        return {key: self.near[key] for key in keys if key in self.near}

    async def __call__(self, keys: frozenset[int], /) -> Mapping[int, Reading[str]]:
        self.asked.append(keys)
        await asyncio.sleep(0)
        return {key: read(f"far {key}") for key in keys}


def values(settled: list[Any]) -> list[str | None]:
    return [None if one is None else one.value for one in settled]


def test_nobody_waits_for_what_is_at_hand() -> None:
    """There is not even an event loop."""
    shelf, loaders = Shelf({1: read("one"), 2: None}), Loaders(NOW)
    with pytest.raises(StopIteration) as done:
        loaders.of(shelf).settle([2, 1, None, 1]).send(None)
    assert values(done.value.value) == [None, "one", None, "one"]
    assert shelf.asked == []
    assert loaders.provenance.asked == {id(shelf)}
    assert loaders.provenance.missed


async def test_the_rest_is_asked_for() -> None:
    """In one batch of what is missing, and not again in the same request."""
    shelf, loaders = Shelf({1: read("one")}), Loaders(NOW)
    for _ in range(2):
        assert values(await loaders.of(shelf).settle([1, 2, 3])) == ["one", "far 2", "far 3"]
    assert shelf.asked == [frozenset({2, 3})]
    assert not loaders.provenance.missed


async def test_a_request_has_one_answer_for_a_key() -> None:
    """What is under way is waited for, even if it comes to hand meanwhile; and what was at hand stays what it was."""
    shelf, loaders = Shelf({1: read("one")}), Loaders(NOW)
    loader = loaders.of(shelf)
    first = asyncio.create_task(loader.settle([2]))
    await asyncio.sleep(0)
    shelf.near |= {1: read("new"), 2: read("near 2")}
    assert values(await loader.settle([1, 2])) == ["new", "far 2"]
    shelf.near.clear()
    assert values(await loader.settle([1])) == ["new"]
    assert values(await first) == ["far 2"]


async def test_a_demand_for_freshness_reaches_it() -> None:
    """Each loader asks for answers as fresh as whoever it was made for wants them, whoever asks it later."""
    shelf, loaders = Shelf({}), Loaders(NOW)
    with freshest_within(5):
        fresh = loaders.of(shelf)
    with freshest_within(1):
        await fresh.settle([1])
    assert shelf.demands == [5]


@dataclass
class Board(Shelf):
    """A Fetch that has some answers `up`, so that questions for these alone are answered at once."""

    up: dict[int, Reading[str]] = field(default_factory=dict)

    def at_once(self, keys: Sequence[int], /) -> list[Reading[str]] | None:
        return [self.up[key] for key in keys] if self.up.keys() >= set(keys) else None


async def test_a_whole_question_is_answered_at_once() -> None:
    """One answer for each key, repeats included, and the same ones for the rest of the request."""
    board, loaders = Board({}, up={1: read("one"), 2: read("two")}), Loaders(NOW)
    loader = loaders.of(board)
    assert values(await loader.settle([2, 1, 2])) == ["two", "one", "two"]
    assert (loaders.provenance.asked, loaders.provenance.waited) == ({id(board)}, False)
    board.up = {1: read("new"), 2: read("new"), 3: read("three")}
    assert values(await loader.settle([1, 3])) == ["one", "far 3"]
    assert values(await loader.settle([2])) == ["two"]
    assert board.asked == [frozenset({3})]
    assert loaders.provenance.waited


async def test_what_comes_at_once_is_the_askers_own() -> None:
    """Who changes the list that they were given changes nobody else's."""
    board, loaders = Board({}, up={1: read("one")}), Loaders(NOW)
    found = await loaders.of(board).settle([1])
    found.clear()
    assert values(await loaders.of(board).settle([1])) == ["one"]


async def test_a_part_of_a_question_is_not_answered_at_once() -> None:
    """Nor one with a key None in it, nor one with a demand, which another answer may meet."""
    board, loaders = Board({}, up={1: read("one")}), Loaders(NOW)
    assert values(await loaders.of(board).settle([1, None])) == ["far 1", None]
    assert values(await loaders.of(board).settle([1, 2])) == ["far 1", "far 2"]
    with freshest_within(5):
        assert values(await loaders.of(board).settle([1])) == ["far 1"]


async def test_a_row_is_given_as_it_is() -> None:
    """The very same, to who asks for one; who asks for a list has one of their own, and so has who asks next."""
    row = Row([read("one"), read("two")])

    class Rowed(Shelf):
        def at_once(self, keys: Sequence[int], /) -> Sequence[Reading[str]] | None:
            return row if tuple(keys) == (1, 2) else None

    shelf = Rowed({1: row[0], 2: row[1]})
    assert await Loaders(NOW).of(shelf).row((1, 2)) is row
    for ask in (Loaders(NOW).of(shelf), Loaders(NOW).of(Shelf({1: row[0], 2: row[1]}))):
        listed = await ask.settle((1, 2))
        assert type(listed) is list
        assert listed == list(row)
        assert await ask.row((2, 1)) == [row[1], row[0]]
    assert await Loaders(NOW).of(shelf).row((2, 3)) == [row[1], read("far 3")]
    assert shelf.asked == [frozenset({3})]
