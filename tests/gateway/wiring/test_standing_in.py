"""Reads with somebody who stands in: who is asked for what, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from domains.upstream import current_deadline, deadline_scope
from domains.vocabulary import (
    FreshnessTier,
    ProjectionCold,
    Reading,
    Row,
    SystemRole,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from gateway.wiring.standing_in import STRONG_MAX, StoodInFor

DOWN = UpstreamUnreachable(SystemRole.OMS, "stock", "nobody listens")
LATE = UpstreamTimeout(SystemRole.OMS, "stock")
COLD = ProjectionCold(SystemRole.ERP, "positions")
LIVE, DEGRADED = FreshnessTier.LIVE, FreshnessTier.STALE_DEGRADED


def read(value: str, tier: FreshnessTier = LIVE) -> Reading[str]:
    return Reading(value, "test", tier, 100.0, 10.0)


@dataclass
class Source:
    """A Fetch that answers key by key, as a cache does. `asked` is what it was asked, batch by batch."""

    answers: Mapping[str, Reading[str] | UpstreamError]
    asked: list[frozenset[str]] = field(default_factory=list)

    async def __call__(self, keys: frozenset[str], /) -> Mapping[str, Reading[str]]:
        raise AssertionError("it is asked key by key")

    async def outcomes(self, keys: frozenset[str], /) -> Mapping[str, Reading[str] | UpstreamError]:
        self.asked.append(keys)
        return {key: self.answers[key] for key in keys if key in self.answers}


@dataclass
class AtOnce:
    """A Fetch that answers whole questions at once."""

    answers: Mapping[str, Reading[str]]
    in_rows: bool = False

    async def __call__(self, keys: frozenset[str], /) -> Mapping[str, Reading[str]]:
        raise AssertionError("nobody has to wait for it")

    def at_once(self, keys: Sequence[str], /) -> Sequence[Reading[str]] | None:
        if not self.answers.keys() >= set(keys):
            return None
        found = [self.answers[key] for key in keys]
        return Row(found) if self.in_rows else found


@dataclass
class Near:
    """A Fetch that has all its answers at hand."""

    answers: Mapping[str, Reading[str] | None]

    async def __call__(self, keys: frozenset[str], /) -> Mapping[str, Reading[str]]:
        raise AssertionError("nobody has to wait for it")

    def at_hand(self, keys: Collection[str], /) -> Mapping[str, Reading[str] | None]:
        return {key: self.answers[key] for key in keys if key in self.answers}


@dataclass
class Plain:
    """A Fetch like a connector's: everything or an error."""

    answers: Mapping[str, Reading[str]]
    error: UpstreamError | None = None
    asked: list[frozenset[str]] = field(default_factory=list)

    async def __call__(self, keys: frozenset[str], /) -> Mapping[str, Reading[str]]:
        self.asked.append(keys)
        if self.error is not None:
            raise self.error
        return {key: self.answers[key] for key in keys if key in self.answers}


def joined(stand_in: Reading[str] | None, source: Reading[str] | None) -> Reading[str] | None:
    assert stand_in is not None
    if stand_in.value == "mute":
        return None
    return read(stand_in.value + ("" if source is None else f" and {source.value}"), DEGRADED)


def weak(reading: Reading[str]) -> bool:
    return reading.tier is DEGRADED


KEYS = frozenset({"well", "weak", "failed", "nowhere"})
TOLD: dict[str, Reading[str] | UpstreamError] = {"well": read("1"), "weak": read("2", DEGRADED), "failed": DOWN}
BOOK = {"well": read("10"), "weak": read("20"), "failed": read("30"), "nowhere": read("40")}


@dataclass
class Slow:
    """A Fetch that answers when it is let."""

    answers: Mapping[str, Reading[str]]
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[frozenset[str]] = field(default_factory=list)

    async def __call__(self, keys: frozenset[str], /) -> Mapping[str, Reading[str]]:
        self.asked.append(keys)
        self.begun.set()
        await self.let.wait()
        return {key: self.answers[key] for key in keys if key in self.answers}


async def test_who_asks_the_same_meanwhile_waits_for_that() -> None:
    """One ask of the stand-in serves all who want the same keys of it at once, also when the first of them leaves.

    Other keys are asked for by themselves, and who comes when it has ended asks anew.
    """
    book = Slow(BOOK)
    answers = StoodInFor(Source(TOLD), book, joined, weak)
    failed, both = frozenset({"failed"}), frozenset({"failed", "weak"})
    first, second, third, other = (
        asyncio.create_task(answers.outcomes(keys)) for keys in (failed, failed, frozenset({"failed", "well"}), both)
    )
    await book.begun.wait()
    first.cancel()
    await asyncio.wait({first})
    assert first.cancelled()
    book.let.set()
    assert await second == {"failed": read("30", DEGRADED)}
    assert await third == {"failed": read("30", DEGRADED), "well": read("1")}
    assert await other == {"failed": read("30", DEGRADED), "weak": read("20 and 2", DEGRADED)}
    assert book.asked == [failed, both]
    await answers.outcomes(failed)
    assert book.asked == [failed, both, failed]


async def test_nobody_stands_in_for_a_source_that_answers() -> None:
    """The stand-in is not asked at all, and what the source does not find is not found."""
    source, book = Source({"well": read("1")}), Plain(BOOK)
    answers = StoodInFor(source, book, joined, weak)
    assert await answers.outcomes(frozenset({"well", "nowhere"})) == {"well": read("1")}
    assert await answers(frozenset({"well"})) == {"well": read("1")}
    assert book.asked == []


async def test_only_what_failed_or_is_weak_is_asked_for_and_in_one_batch() -> None:
    """A failed key is the stand-in's alone, a weak one is joined, and the others are the source's."""
    book = Plain(BOOK)
    answers = await StoodInFor(Source(TOLD), book, joined, weak).outcomes(KEYS)
    assert answers == {"well": read("1"), "weak": read("20 and 2", DEGRADED), "failed": read("30", DEGRADED)}
    assert book.asked == [frozenset({"weak", "failed"})]


def test_what_the_source_has_at_hand_is_at_hand_unless_it_is_weak() -> None:
    """For a weak answer the stand-in has to be asked; a source that cannot say has nothing at hand."""
    near = Near({"well": read("1"), "weak": read("2", DEGRADED), "nowhere": None})
    assert StoodInFor(near, Plain(BOOK), joined, weak).at_hand(KEYS) == {"well": read("1"), "nowhere": None}
    assert StoodInFor(Source(TOLD), Plain(BOOK), joined, weak).at_hand(KEYS) == {}


@pytest.mark.parametrize(
    "book",
    [Plain(BOOK, COLD), Plain({}), Plain({key: read("mute") for key in KEYS}), Source(dict.fromkeys(KEYS, COLD))],
    ids=["cold", "unknown there", "mute", "cold key by key"],
)
async def test_what_the_stand_in_cannot_say_stays_as_it_was(book: Plain | Source) -> None:
    """The error names the source that failed, never the one that was to help."""
    answers = StoodInFor(Source(TOLD), book, joined, weak)
    assert await answers.outcomes(KEYS) == TOLD
    with pytest.raises(UpstreamUnreachable) as raised:
        await answers(KEYS)
    assert raised.value is DOWN


async def test_a_source_that_fails_as_a_whole() -> None:
    """A Fetch without outcomes that raises has failed for every key."""
    answers = StoodInFor(Plain({}, LATE), Plain({"weak": read("20")}), joined, weak)
    assert await answers.outcomes(frozenset({"weak", "failed"})) == {"weak": read("20", DEGRADED), "failed": LATE}


async def test_a_source_that_used_up_the_deadline_leaves_the_stand_in_its_own_time() -> None:
    """The stand-in is asked outside of the request's deadline, which has passed."""
    seen = []

    async def book(keys: frozenset[str], /) -> Mapping[str, Reading[str]]:
        seen.append(current_deadline())
        return {key: read("30") for key in keys}

    with deadline_scope(0):
        answers = await StoodInFor(Plain({}, LATE), book, joined)(frozenset({"failed"}))
        assert current_deadline() is not None
    assert answers == {"failed": read("30", DEGRADED)}
    assert seen == [None]


async def test_a_stand_in_that_hangs_is_left_behind() -> None:
    """It is stopped after its time, and the source's error stands."""
    stopped = asyncio.Event()

    async def book(_: frozenset[str], /) -> Mapping[str, Reading[str]]:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return {}

    assert await StoodInFor(Plain({}, LATE), book, joined, stand_in_s=0.01).outcomes(frozenset({"failed"})) == {
        "failed": LATE
    }
    assert stopped.is_set()


async def test_what_is_there_at_once_is_looked_at_once() -> None:
    """A question with nothing weak in it is answered whole; what was found strong is not looked at again."""
    looked: list[str] = []

    def is_weak(one: Reading[str]) -> bool:
        looked.append(one.value)
        return weak(one)

    near = AtOnce({"a": read("strong"), "b": read("stronger"), "weak": read("weak", DEGRADED)})
    answers = StoodInFor(near, Plain({}), joined, is_weak)
    for _ in range(2):
        assert answers.at_once(["a", "b", "a"]) == [near.answers[key] for key in "aba"]
    assert looked == ["strong", "stronger"]
    assert answers.at_once(["a", "weak"]) is None
    assert answers.at_once(["a", "unknown"]) is None
    assert StoodInFor(Plain({}), Plain({}), joined, weak).at_once(["a"]) is None


def test_what_is_known_to_be_strong_has_an_end() -> None:
    """Rows of the same few readings count by what is in them: there are as many as there are orders to ask in."""
    near = AtOnce({str(number): read(str(number)) for number in range(100)}, in_rows=True)
    answers = StoodInFor(near, Plain({}), joined, weak)
    for turned in range(3 * STRONG_MAX // 100):
        names = [str((number + turned) % 100) for number in range(100)]
        assert answers.at_once(names) is not None
        assert sum(len(one) if isinstance(one, Row) else 1 for one in answers._strong.values()) <= STRONG_MAX
