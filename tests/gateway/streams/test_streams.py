"""Streams over news that tests tell: what is followed, resumed, healed, counted and ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from domains.durable import JournalUnavailable
from gateway.identity import Unauthenticated
from gateway.streams import EndReason, Refused, SlowReader, Stream, Streams, StreamSettings, TooManyStreams, Writer
from tests.gateway.streams.news import WAIT_S, Asked, News, order

QUICK = StreamSettings(poll_s=0.001)


class Reader:
    """Runs a stream, and keeps what it writes."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.task = asyncio.create_task(stream.run(self._write))
        self._written: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue()
        self.slow = False

    async def _write(self, body: bytes, event_id: int) -> None:
        if self.slow:
            raise SlowReader
        await self._written.put((body, event_id))

    async def message(self) -> tuple[bytes, int]:
        async with asyncio.timeout(WAIT_S):
            return await self._written.get()

    async def reason(self) -> EndReason:
        async with asyncio.timeout(WAIT_S):
            return await self.task

    def silent(self) -> bool:
        return self._written.empty()


async def eventually(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not true():  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0)


@asynccontextmanager
async def opened(
    news: News, asked: Asked, last: str | None = None, settings: StreamSettings = QUICK
) -> AsyncIterator[Reader]:
    streams = Streams(settings)
    async with streams.running(news.journal.durable), streams.opened(asked.ask, last) as stream:
        reader = Reader(stream)
        try:
            yield reader
        finally:
            reader.task.cancel()


async def test_what_happens_is_told_once_and_what_happens_together_together() -> None:
    """The first answer comes at once; news of other subjects are none; news of one subject in one look are one."""
    news, asked = News(), Asked(1, 2)
    news.tell(1)
    async with opened(news, asked) as reader:
        assert await reader.message() == (b"1", 1)
        news.tell(3, 1, 1, 2)
        assert await reader.message() == (b"2", 5)
        assert asked.occasions[1].changed == frozenset({order(1), order(2)})
        assert reader.silent()
    assert asked.marks == [{"eventId": "1"}, {"eventId": "5"}]


async def test_an_answer_is_no_older_than_what_it_answers() -> None:
    """The first read, and each that an event called for, wants nothing from before its news were seen."""
    news, asked = News(), Asked(1)
    async with opened(news, asked) as reader:
        await reader.message()
        news.tell(1)
        await reader.message()
    for occasion in asked.occasions:
        assert occasion.within_s is not None
        assert 0 <= occasion.within_s < WAIT_S


async def test_events_between_the_first_answer_and_the_feed_are_not_lost() -> None:
    """What is told while the first answer is being made is told to the client."""
    news, asked = News(), Asked(1)

    class Late(Asked):
        async def ask(self, occasion, beside):  # type: ignore[no-untyped-def]  # as the parent's
            if not self.occasions:
                news.tell(1)
            return await super().ask(occasion, beside)

    asked = Late(1)
    async with opened(news, asked) as reader:
        assert await reader.message() == (b"1", 0)
        assert await reader.message() == (b"2", 1)


@pytest.mark.parametrize(
    ("last", "resumed", "first"),
    [("2", True, (b"2", 4)), ("4", True, None), ("9", False, (b"1", 4)), ("soon", False, (b"1", 4))],
)
async def test_a_stream_goes_on_where_it_was(last: str, resumed: bool, first: tuple[bytes, int] | None) -> None:
    """From a place in the news what happened since is told; from the end nothing; from elsewhere it begins anew."""
    news, asked = News(), Asked(1)
    news.tell(1, 2, 1, 2)
    async with opened(news, asked, last) as reader:
        if first is not None:
            assert await reader.message() == first
            assert asked.marks[-1] == {"eventId": str(first[1]), "resumed": resumed}
        news.tell(1)
        body, event_id = await reader.message()
    assert (event_id, body) == (5, b"2" if first is None or not resumed else b"3")


async def test_only_so_much_is_remembered_to_resume_from() -> None:
    """Behind the events that were read, and behind the topics that are kept, a stream begins anew."""
    news, asked = News(), Asked(1)
    news.tell(*range(1, 11))
    for settings in (StreamSettings(poll_s=0.001, catch_up_max=5), StreamSettings(poll_s=0.001, topics_kept=5)):
        for last, resumed in (("4", False), ("5", True)):
            asked = Asked(1)
            async with opened(news, asked, last, settings):
                assert asked.marks[0]["resumed"] is resumed


async def test_the_place_that_is_seen_moves_on_with_other_news() -> None:
    """Who watches something quiet can resume from the newest event, not from the last one of its own."""
    news, asked = News(), Asked(1)
    async with opened(news, asked) as reader:
        await reader.message()
        news.tell(2, 3)
        await eventually(lambda: reader.stream.seen == 2)


async def test_a_failure_is_told_once_and_asked_again_until_it_is_over() -> None:
    """While a system fails nothing new is told; when it answers again the client hears, without another event."""
    news, asked = News(), Asked(1)
    time = 0.0
    streams = Streams(QUICK)
    async with streams.running(news.journal.durable), streams.opened(asked.ask) as stream:
        stream._monotonic = lambda: time
        stream._ends_at = 1e9
        reader = Reader(stream)
        await reader.message()
        asked.failing = True
        news.tell(1)
        assert await reader.message() == (b"2", 1)
        assert stream.seen is None
        for asks in (3, 4):
            time += 100.0
            stream._feed.wake()
            await eventually(lambda asks=asks: len(asked.occasions) == asks)  # type: ignore[misc]  # bound now
        assert reader.silent()
        asked.failing = False
        time += 100.0
        stream._feed.wake()
        assert await reader.message() == (b"5", 1)
        assert asked.occasions[-1].changed == frozenset({order(1)})
        reader.task.cancel()


async def test_why_a_stream_ends() -> None:
    """Each end has its reason: nothing left to see, a caller not known any more, a slow reader, age, the process."""
    news, asked = News(), Asked(1)
    async with opened(news, asked) as reader:
        await reader.message()
        asked.visible = False
        news.tell(1)
        assert await reader.reason() is EndReason.SUBJECT_GONE
        assert reader.silent()
    asked = Asked(1)
    async with opened(news, asked) as reader:
        await reader.message()
        asked.error = Unauthenticated("gone")
        news.tell(1)
        assert await reader.reason() is EndReason.TOKEN_EXPIRED
    async with opened(news, Asked(1)) as reader:
        reader.slow = True
        assert await reader.reason() is EndReason.SLOW_READER
    async with opened(news, Asked(1), settings=StreamSettings(poll_s=0.001, lifetime_s=0.001)) as reader:
        await reader.message()
        assert await reader.reason() is EndReason.MAX_LIFETIME
    streams = Streams(QUICK)
    async with streams.running(news.journal.durable):
        async with streams.opened(Asked(1).ask) as stream:
            reader = Reader(stream)
            leaving = asyncio.create_task(streams.leave())
            assert await reader.reason() is EndReason.SERVER_DRAINING
        await leaving
        async with streams.opened(Asked(1).ask) as stream:
            assert await Reader(stream).reason() is EndReason.SERVER_DRAINING


async def test_what_cannot_be_followed_is_refused() -> None:
    """Nothing to see, no journal, and too many streams: each says so, and leaves nothing open."""
    news, hidden = News(), Asked(1)
    hidden.visible = False
    numbers = StreamSettings(poll_s=0.001, streams_max=3, per_caller_max=1, anonymous_max=1)
    streams = Streams(numbers)
    async with streams.running(news.journal.durable):
        with pytest.raises(Refused):
            async with streams.opened(hidden.ask):
                raise AssertionError
        guest, other, bob = Asked(1), Asked(1), Asked(1)
        guest.owner = other.owner = None
        bob.owner = "bob"
        async with streams.opened(Asked(1).ask), streams.opened(guest.ask):
            for one, whole in ((Asked(1), False), (other, True)):
                with pytest.raises(TooManyStreams) as many:
                    async with streams.opened(one.ask):
                        raise AssertionError
                assert many.value.whole_process is whole
            async with streams.opened(bob.ask):
                bob.owner = "carol"
                with pytest.raises(TooManyStreams):
                    async with streams.opened(bob.ask):
                        raise AssertionError
        assert len(streams._census) == 0
        news.journal.failing.add("news")
        with pytest.raises(JournalUnavailable):
            async with streams.opened(Asked(1).ask):
                raise AssertionError


async def test_streams_outlive_a_journal_that_is_away() -> None:
    """While the news cannot be read nothing ends; what was told meanwhile comes afterwards."""
    news, asked = News(), Asked(1)
    async with opened(news, asked) as reader:
        await reader.message()
        news.journal.failing.add("news")
        news.tell(1)
        await asyncio.sleep(0)
        assert reader.silent()
        news.journal.failing.clear()
        assert await reader.message() == (b"2", 1)


async def test_a_writer_waits_so_long_and_no_longer() -> None:
    """A message that is not taken in time was not sent, and one behind it waits in the same time."""
    sent: list[object] = []
    open_ = asyncio.Event()

    async def send(message: object) -> None:
        await open_.wait()
        sent.append(message)

    writer = Writer(send, 0.001)
    for result in await asyncio.gather(writer.write({}), writer.write({}), return_exceptions=True):
        assert isinstance(result, SlowReader)
    open_.set()
    await writer.write({"type": "x"})
    assert sent == [{"type": "x"}]
