"""Invalidations between processes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from cache import CacheEventKind, RedisLimits
from cache.bus import Bus, BusLimits, Invalidation
from cache.redis import RedisStore, counter_of
from tests.cache.kitchen import Clock, Notes, until
from tests.cache.valkey import Valkey


@dataclass
class Listener:
    """A process that listens: what it heard, and how often it had to start anew."""

    bus: Bus = field(init=False)
    notes: Notes = field(default_factory=Notes)
    heard: list[Invalidation] = field(default_factory=list)
    lost: int = 0

    @property
    def keys(self) -> list[str]:
        return [one.key for one in self.heard]


class Network:
    """Processes around one server."""

    def __init__(self, valkey: Valkey, stack: contextlib.AsyncExitStack) -> None:
        self.valkey = valkey
        self.clock = Clock()
        self._stack = stack
        self._prefix = f"test-{uuid4().hex}"
        self.listeners: list[Listener] = []

    def store(self) -> RedisStore:
        limits = RedisLimits(timeout_s=5, stream_max=10)
        made = RedisStore(self.valkey.url, clock=self.clock, prefix=self._prefix, limits=limits)
        self._stack.push_async_callback(made.aclose)
        return made

    async def listen(self, store: RedisStore | None = None) -> Listener:
        made = Listener()

        def lost() -> None:
            made.lost += 1

        bus = Bus(
            self.valkey.url,
            store or self.store(),
            heard=made.heard.append,
            lost=lost,
            clock=self.clock,
            hook=made.notes,
            limits=BusLimits(block_s=0.5, timeout_s=5, backoff_s=0.001, backoff_max_s=0.001),
        )
        made.bus = bus
        self.listeners.append(made)
        self._stack.push_async_callback(_stop, asyncio.create_task(bus.run()))
        await until(bus.following.is_set)
        return made


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done, "a bus that was cancelled went on"


@pytest.fixture
async def network(valkey: Valkey) -> AsyncIterator[Network]:
    async with contextlib.AsyncExitStack() as stack:
        yield Network(valkey, stack)


@pytest.fixture
async def mortal(mortal_valkey: Valkey) -> AsyncIterator[Network]:
    async with contextlib.AsyncExitStack() as stack:
        yield Network(mortal_valkey, stack)


async def test_others_hear_in_order_and_the_speaker_does_not(network: Network) -> None:
    """What one process forgets every other one hears, in order, with its version; not the one that said it."""
    speaker = network.store()
    listeners = [await network.listen(), await network.listen()]
    deaf = await network.listen(speaker)
    await speaker.forget("products", ["a", "b"], None)
    await speaker.forget("stock", ["c"], 1_772_446_530_000_000_001)
    for listener in listeners:
        await until(lambda one=listener: len(one.heard) == 3)  # type: ignore[misc]  # a default holds the listener
        assert listener.heard == [
            Invalidation(shelf="products", key="a", version=None),
            Invalidation(shelf="products", key="b", version=None),
            Invalidation(shelf="stock", key="c", version=1_772_446_530_000_000_001),
        ]
        assert listener.lost == 0
    await until(lambda: deaf.bus._sequence == 3)
    assert deaf.heard == []


async def test_old_news_is_not_sent(network: Network) -> None:
    """An invalidation that changed nothing is no event."""
    speaker, listener = network.store(), await network.listen()
    for version in (5, 5, 4, 6):
        await speaker.forget("products", ["a"], version)
    await speaker.forget("products", ["end"], None)
    await until(lambda: "end" in listener.keys)
    assert [one.version for one in listener.heard] == [5, 6, None]


async def test_the_lag_is_told(network: Network) -> None:
    """How long an invalidation was on its way is measured, from the server's clock to ours."""
    speaker, listener = network.store(), await network.listen()
    network.clock.now = 4_000_000_000.0
    await speaker.forget("products", ["a"], None)
    await until(lambda: listener.notes.count(CacheEventKind.HEARD) == 1)
    (event,) = listener.notes.events
    assert event.seconds is not None
    assert 0 < event.seconds < 4_000_000_000


async def test_who_comes_late_begins_with_now(network: Network) -> None:
    """A process that starts has nothing to forget: it hears what comes after."""
    speaker = network.store()
    await speaker.forget("products", ["before"], None)
    listener = await network.listen()
    await speaker.forget("products", ["after"], None)
    await until(lambda: bool(listener.heard))
    assert (listener.keys, listener.lost) == (["after"], 0)


async def test_who_could_not_listen_from_the_beginning_starts_anew(mortal: Network) -> None:
    """A process that served while the server could not be reached may remember what others have forgotten since."""
    mortal.valkey.kill()
    starting = asyncio.create_task(mortal.listen())
    await until(lambda: any(one.bus._was_deaf for one in mortal.listeners))
    mortal.valkey.start()
    listener = await starting
    assert listener.lost == 1
    await mortal.store().forget("products", ["a"], None)
    await until(lambda: listener.keys == ["a"])
    assert listener.lost == 1


async def test_who_was_cut_off_catches_up(network: Network) -> None:
    """Events written while the connection was gone are heard after it, none twice."""
    speaker, listener = network.store(), await network.listen()
    raw: Any = Redis.from_url(network.valkey.url, protocol=2)
    await speaker.forget("products", ["one"], None)
    await until(lambda: len(listener.heard) == 1)
    await raw.client_kill_filter(_type="normal", skipme=True)
    await speaker.aclose()  # its connections were cut as well
    await speaker.forget("products", ["two"], None)
    await speaker.forget("products", ["three"], None)
    await until(lambda: len(listener.heard) == 3)
    assert (listener.keys, listener.lost) == (["one", "two", "three"], 0)
    await raw.aclose()


async def test_a_trimmed_stream_empties_the_first_tier(network: Network) -> None:
    """Where an event is missing nobody can say what it was: the listener starts anew, and then goes on."""
    speaker, listener = network.store(), await network.listen()
    raw: Any = Redis.from_url(network.valkey.url, protocol=2)
    await raw.incrby(counter_of(speaker.stream), 3)  # three events came and went unread
    await speaker.forget("products", ["a"], None)
    await until(lambda: bool(listener.heard))
    assert (listener.keys, listener.lost) == (["a"], 1)
    assert listener.notes.count(CacheEventKind.FLUSHED) == 1
    await speaker.forget("products", ["b"], None)
    await until(lambda: len(listener.heard) == 2)
    assert listener.lost == 1
    await raw.aclose()


async def test_the_stream_is_bounded(network: Network) -> None:
    """However much is forgotten, only about as many events as configured are kept."""
    speaker = network.store()
    for start in range(0, 1000, 100):
        await speaker.forget("products", [f"k{number}" for number in range(start, start + 100)], None)
    raw: Any = Redis.from_url(network.valkey.url, protocol=2)
    assert await raw.xlen(speaker.stream) < 250
    await raw.aclose()


async def test_what_is_no_event_of_ours_is_read_carefully(network: Network) -> None:
    """A stranger's entry in the stream counts as a gap and stops nobody."""
    speaker, listener = network.store(), await network.listen()
    raw: Any = Redis.from_url(network.valkey.url, protocol=2)
    await raw.xadd(speaker.stream, {"hello": "world"})
    await raw.xadd(speaker.stream, {"shelf": "products", "key": "x", "version": "newest"})
    await raw.xadd(speaker.stream, {"shelf": b"\xff\xfe", "key": "x"})
    await speaker.forget("products", ["a"], None)
    await until(lambda: bool(listener.heard))
    assert listener.keys == ["a"]
    assert listener.lost >= 1
    await raw.aclose()


async def test_a_server_that_lost_its_memory(mortal: Network) -> None:
    """After a restart without persistence the listener starts anew and hears what is said from then on."""
    speaker, listener = mortal.store(), await mortal.listen()
    await speaker.forget("products", ["a", "b", "c"], None)
    await until(lambda: len(listener.heard) == 3)
    mortal.valkey.kill()
    await until(lambda: not listener.bus.following.is_set())
    mortal.valkey.start()
    await until(listener.bus.following.is_set)
    mortal.clock.advance(60)
    assert listener.lost == 1
    await speaker.forget("products", ["d"], None)
    await until(lambda: "d" in listener.keys)
    assert listener.lost == 1


async def test_it_stops_when_it_is_told(network: Network) -> None:
    """At whatever moment it is cancelled, the bus ends at once."""
    for turn in range(40):
        store = network.store()
        bus = Bus(network.valkey.url, store, heard=lambda _: None, lost=lambda: None, clock=network.clock)
        task = asyncio.create_task(bus.run())
        for _ in range(turn):
            await asyncio.sleep(0)
        if turn % 2:
            await store.forget("products", ["a"], None)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=1)
        assert done


def test_limits_that_contradict_each_other() -> None:
    """A read that outlasts the socket would end in an error each time."""
    with pytest.raises(ValueError):
        BusLimits(block_s=5, timeout_s=5)
