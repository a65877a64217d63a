"""Keys that others publish: how long they count, and how seldom the publisher is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from gateway.identity.keyring import AHEAD_RATIO, WAITING_MAX, KeysUnavailable, Ring, RingPolicy
from gateway.identity.refused import IdentityUnavailable
from tests.gateway.identity.minting import Time

POLICY = RingPolicy(fresh_s=100, stale_max_s=1000, refetch_every_s=10)


class Place:
    """Where keys are published, with a clock that moves when somebody sleeps."""

    def __init__(self, **keys: str) -> None:
        self.keys: Mapping[str, str] = keys
        self.time = Time(0)
        self.asked_at: list[float] = []
        self.down = False
        self.open = asyncio.Event()
        self.open.set()

    async def fetch(self) -> Mapping[str, str]:
        self.asked_at.append(self.time.now)
        published = dict(self.keys)
        await self.open.wait()
        if self.down:
            raise KeysUnavailable("it is down")
        return published

    async def sleep(self, seconds: float) -> None:
        self.time.now += seconds
        await asyncio.sleep(0)

    @asynccontextmanager
    async def ring(self) -> AsyncIterator[Ring[str]]:
        ring = Ring("somebody", self.fetch, POLICY, monotonic=self.time, sleep=self.sleep)
        yield ring
        await ring.aclose()


async def test_keys_are_fetched_once_and_answered_from_memory() -> None:
    """A thousand requests that come at once, and later ones, ask the publisher a single time."""
    place = Place(a="A")
    async with place.ring() as ring:
        assert set(await asyncio.gather(*(ring.find("a") for _ in range(1000)))) == {"A"}
        place.time.now += AHEAD_RATIO * POLICY.fresh_s - 1
        assert await ring.find("a") == "A"
    assert len(place.asked_at) == 1


async def test_keys_are_fetched_again_before_they_are_old() -> None:
    """From four fifths of their time on they are fetched in the background; nobody waits for it."""
    place = Place(a="A")
    async with place.ring() as ring:
        await ring.find("a")
        place.time.now, place.keys = 85, {"b": "B"}
        place.open.clear()
        assert await ring.find("a") == "A"
        await asyncio.sleep(0)
        assert place.asked_at == [0, 85]
        place.open.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await ring.find("b") == "B"
    assert place.asked_at == [0, 85]


async def test_a_withdrawn_key_counts_no_longer_than_said() -> None:
    """At `fresh_s` after it was last seen, a key that was taken away is found no more, whoever asks first."""
    place = Place(a="A")
    async with place.ring() as ring:
        await ring.find("a")
        place.keys = {}
        place.time.now = 79
        assert await ring.find("a") == "A"
        place.time.now = 100
        assert await ring.find("a") is None


async def test_time_is_counted_from_the_question_and_not_from_the_answer() -> None:
    """A publisher that takes long to answer does not make its keys younger."""
    place = Place(a="A")
    async with place.ring() as ring:
        place.open.clear()
        first = asyncio.create_task(ring.find("a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        place.keys, place.time.now = {}, 90
        place.open.set()
        assert await first == "A"
        place.time.now = 101
        assert await ring.find("a") is None


async def test_an_unknown_name_is_asked_for_at_once_after_a_rotation() -> None:
    """The first token of a new key is let in, as soon as the set that was fetched is older than `refetch_every_s`."""
    place = Place(a="A")
    async with place.ring() as ring:
        await ring.find("a")
        place.time.now, place.keys = 20, {"a": "A", "b": "B"}
        assert await ring.find("b") == "B"
    assert place.asked_at == [0, 20]


async def test_guesses_cannot_make_us_ask_more_often_than_said() -> None:
    """Two hundred names that nobody published, over 100 s, are a dozen fetches at most, ten seconds apart."""
    place = Place(a="A")
    async with place.ring() as ring:
        for number in range(200):
            place.time.now += 0.5
            assert await ring.find(f"guess-{number}") is None
    gaps = [after - before for before, after in zip(place.asked_at, place.asked_at[1:], strict=False)]
    assert min(gaps) >= POLICY.refetch_every_s
    assert len(place.asked_at) > 10


async def test_a_new_key_is_found_in_the_middle_of_guesses() -> None:
    """While guesses use up every fetch, a name that is new waits for the next one, and is not refused."""
    place = Place(a="A")
    async with place.ring() as ring:
        await ring.find("a")
        place.time.now = 20
        assert await ring.find("guess") is None
        place.keys = {"a": "A", "b": "B"}
        place.time.now = 21
        assert await ring.find("b") == "B"
    assert place.asked_at == [0, 20, 30]


async def test_the_same_guess_is_not_asked_for_again_soon() -> None:
    """A name that was not there costs one fetch in ten seconds, however often it comes."""
    place = Place(a="A")
    async with place.ring() as ring:
        await ring.find("a")
        place.time.now = 20 - 0.15
        for _ in range(50):
            place.time.now += 0.15
            assert await ring.find("gone") is None
    assert place.asked_at == [0, 20]


async def test_only_so_many_guesses_wait() -> None:
    """More unknown names than may wait are told to come back, at once."""
    place = Place(a="A")
    async with place.ring() as ring:
        await ring.find("a")
        place.time.now = 20
        place.open.clear()
        waiting = [asyncio.create_task(ring.find(f"guess-{number}")) for number in range(WAITING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(IdentityUnavailable):
            await ring.find("one too many")
        assert await ring.find("a") == "A"
        place.open.set()
        assert set(await asyncio.gather(*waiting)) == {None}


async def test_old_keys_stand_in_while_the_publisher_is_away() -> None:
    """Keys at hand go on until `stale_max_s`; then nothing can be told, and that is no refusal."""
    place = Place(a="A")
    async with place.ring() as ring:
        await ring.find("a")
        place.down = True
        place.time.now = 100
        assert await ring.find("a") == "A"
        place.time.now = 999
        assert await ring.find("a") == "A"
        place.time.now = 1000
        with pytest.raises(IdentityUnavailable) as told:
            await ring.find("a")
        assert told.value.retry_after_s == 10
        place.down = False
        place.time.now = 1010
        assert await ring.find("a") == "A"


async def test_nobody_is_refused_because_the_publisher_is_away() -> None:
    """Without any keys, and for a name that might be new, the answer is that nobody can tell."""
    place = Place(a="A")
    place.down = True
    async with place.ring() as ring:
        with pytest.raises(IdentityUnavailable):
            await ring.find("a")
        place.down, place.time.now = False, 10
        assert await ring.find("a") == "A"
        place.down, place.time.now = True, 20
        with pytest.raises(IdentityUnavailable):
            await ring.find("b")


async def test_a_failing_publisher_is_asked_as_seldom_as_another() -> None:
    """While it fails, a thousand requests over 50 s ask it five or six times, and none of them waits."""
    place = Place(a="A")
    async with place.ring() as ring:
        await ring.find("a")
        place.down = True
        for _ in range(1000):
            place.time.now += 0.05
            place.time.now = max(place.time.now, 100)
            assert await ring.find("a") == "A"
            await asyncio.sleep(0)
    assert 5 <= len(place.asked_at) - 1 <= 6


async def test_who_gives_up_does_not_end_the_fetch_for_others() -> None:
    """A request that is cancelled while it waits leaves the others their answer."""
    place = Place(a="A")
    async with place.ring() as ring:
        place.open.clear()
        one, other = asyncio.create_task(ring.find("a")), asyncio.create_task(ring.find("a"))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.sleep(0)
        place.open.set()
        assert await other == "A"
    assert len(place.asked_at) == 1
