"""The HTTP client of one in-house service: batches out, Readings back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import msgspec

from domains.connectors.open.messages import KEYS_MAX, Answers, Feed, FeedAsk, Found, Pages
from domains.upstream import Call, Outbound, Wire
from domains.vocabulary import (
    FeedPage,
    FeedQuery,
    Fetch,
    FreshnessTier,
    IdempotencyKey,
    Instant,
    Page,
    Reading,
    Record,
    SystemRole,
    UpstreamFailed,
)

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

CALLS_AT_ONCE = 4
"""Most calls one batch may have in flight, so that a large batch does not take every slot of its system."""

MAX_AGE_S = 30.0
"""The contracts name no lifetime of an answer, so this one is given; a cache policy replaces it."""


@dataclass(frozen=True)
class OpenSettings:
    """Where a service is, and the bearer token it wants, if any."""

    url: str
    token: str | None = field(default=None, repr=False)


class OpenClient:
    """Speaks the open contract of `role`.

    Each method but `write` makes a Fetch. Failures are those of the Wire; besides, an error object in a 200 is
    UpstreamFailed, and answers that do not match their questions one to one are UpstreamGarbled.
    """

    def __init__(self, role: SystemRole, settings: OpenSettings, wire: Wire) -> None:
        self._role = role
        self._source = f"{role.value.lower()}:open"
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if settings.token is not None:
            headers["Authorization"] = f"Bearer {settings.token}"
        self._out = Outbound(wire, settings.url, headers)

    def lookup(
        self,
        capability: str,
        path: str,
        ask: Callable[[tuple[K, ...]], Record],
        answer: type[Found[T]],
        pair: Callable[[T], tuple[K, V]],
    ) -> Fetch[K, V]:
        """Items found by key, in any order: `pair` takes an item apart into its key and its value.

        Items that nobody asked for are left out, so that a talkative service cannot fill a cache.
        """
        call = self._read(capability, msgspec.json.Decoder(answer).decode)

        async def part(keys: tuple[K, ...]) -> dict[K, Reading[V]]:
            found = cast("Found[T]", await self._post(path, ask(keys), call))
            asked = frozenset(keys)
            return self._readings(map(pair, found.items), found.as_of, asked)

        return _ByKey(_in_parts(part, KEYS_MAX), KEYS_MAX)

    def groups(
        self,
        capability: str,
        path: str,
        ask: Callable[[tuple[K, ...]], Record],
        answer: type[Found[T]],
        key: Callable[[T], K],
    ) -> Fetch[K, tuple[T, ...]]:
        """Every item of each key, in the service's order. A key without items has none, rather than being unknown."""
        call = self._read(capability, msgspec.json.Decoder(answer).decode)

        async def part(keys: tuple[K, ...]) -> dict[K, Reading[tuple[T, ...]]]:
            found = cast("Found[T]", await self._post(path, ask(keys), call))
            groups: dict[K, list[T]] = {asked: [] for asked in keys}
            for item in found.items:
                groups.get(key(item), []).append(item)
            return self._readings([(asked, tuple(items)) for asked, items in groups.items()], found.as_of)

        return _ByKey(_in_parts(part, KEYS_MAX), KEYS_MAX)

    def search(
        self, capability: str, path: str, ask: Callable[[tuple[K, ...]], Record], answer: type[Pages[T]]
    ) -> Fetch[K, Page[T]]:
        """One page per query, in the order of the queries."""
        decoder = msgspec.json.Decoder(answer)

        async def part(queries: tuple[K, ...]) -> dict[K, Reading[Page[T]]]:
            decode = _one_each(decoder.decode, lambda found: found.pages, len(queries))
            found = cast("Pages[T]", await self._post(path, ask(queries), self._read(capability, decode)))
            return self._readings(zip(queries, found.pages, strict=True), found.as_of)

        return _in_parts(part, KEYS_MAX)

    def evaluation(
        self,
        capability: str,
        path: str,
        ask: Callable[[tuple[K, ...]], Record],
        answer: type[Answers[T]],
        questions_max: int,
    ) -> Fetch[K, T]:
        """One answer per question, in the order of the questions; at most `questions_max` of them in a call."""
        decoder = msgspec.json.Decoder(answer)

        async def part(questions: tuple[K, ...]) -> dict[K, Reading[T]]:
            decode = _one_each(decoder.decode, lambda found: found.answers, len(questions))
            found = cast("Answers[T]", await self._post(path, ask(questions), self._read(capability, decode)))
            return self._readings(zip(questions, found.answers, strict=True), found.as_of)

        return _in_parts(part, questions_max)

    def everything(self, capability: str, path: str, key: K, answer: type[Found[T]]) -> Fetch[K, tuple[T, ...]]:
        """The whole list, under the one `key` it goes by."""
        call = self._read(capability, msgspec.json.Decoder(answer).decode)

        async def fetch(keys: frozenset[K], /) -> Mapping[K, Reading[tuple[T, ...]]]:
            if key not in keys:
                return {}
            found = cast("Found[T]", await self._out.get(path, call))
            return self._readings([(key, found.items)], found.as_of)

        return fetch

    def feed(self, capability: str, path: str, answer: type[Feed[T]]) -> Fetch[FeedQuery, FeedPage[T]]:
        """One page per query, each by a call of its own."""
        call = self._read(capability, msgspec.json.Decoder(answer).decode)

        async def part(queries: tuple[FeedQuery, ...]) -> dict[FeedQuery, Reading[FeedPage[T]]]:
            (query,) = queries
            ask = FeedAsk(after=query.after, limit=query.limit, changed_since=query.changed_since)
            found = cast("Feed[T]", await self._post(path, ask, call))
            page = FeedPage(items=found.items, next=found.next, total=found.total)
            return self._readings([(query, page)], found.as_of)

        return _in_parts(part, 1)

    async def write(
        self,
        capability: str,
        path: str,
        body: Record,
        answer: type[T],
        key: IdempotencyKey,
        *,
        sent_once: bool = False,
    ) -> T:
        """Change something once, however often it is sent with the same key.

        With `sent_once` the Wire sends it no second time by itself: whoever asks looks first what became of it. Raises
        UpstreamRejected with the problem's code as its reason when the service says no.
        """
        call = Call(
            capability=capability,
            decode=self._decoding(capability, msgspec.json.Decoder(answer).decode),
            write=True,
            idempotency_key=None if sent_once else key,
        )
        return cast("T", await self._out.post(path, msgspec.json.encode(body), call, idempotency_key=key))

    def _read(self, capability: str, decode: Callable[[bytes], object]) -> Call:
        return Call(capability=capability, decode=self._decoding(capability, decode))

    def _post(self, path: str, ask: Record, call: Call) -> Coroutine[Any, Any, object]:
        return self._out.post(path, msgspec.json.encode(ask), call)

    def _decoding(self, capability: str, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """`decode`, and a fault where the body is an error object: some services report their faults in a 200."""

        def decoding(body: bytes) -> T:
            try:
                return decode(body)
            except msgspec.ValidationError:
                fault = _FAULT.decode(body)
                if bytes(fault.error) == b"null":
                    raise
                detail = bytes(fault.error)[:_DETAIL_MAX].decode(errors="replace")
                raise UpstreamFailed(self._role, capability, detail) from None

        return decoding

    def _readings(
        self, pairs: Iterable[tuple[K, V]], as_of: Instant, asked: Collection[K] | None = None
    ) -> dict[K, Reading[V]]:
        """Those of `asked`, or all. What they share is worked out once an answer: that is half of what each costs."""
        source, tier, observed_at = self._source, FreshnessTier.LIVE, as_of.timestamp()
        return {
            key: Reading(value, source, tier, observed_at, MAX_AGE_S)
            for key, value in pairs
            if asked is None or key in asked
        }


_DETAIL_MAX = 200  # bytes of a service's own words that go to the logs


class _Fault(msgspec.Struct):
    error: msgspec.Raw = msgspec.Raw(b"null")


_FAULT = msgspec.json.Decoder(_Fault)


def segment(id_: str) -> str:
    """An id as one path segment. Dots too, because an id of dots alone would be taken for a way up the path."""
    return quote(id_, safe="").replace(".", "%2E")


def _one_each(
    decode: Callable[[bytes], T], parts: Callable[[T], Sequence[object]], expected: int
) -> Callable[[bytes], T]:
    def decoding(body: bytes) -> T:
        found = decode(body)
        if len(parts(found)) != expected:
            raise ValueError(f"{expected} questions, {len(parts(found))} answers")
        return found

    return decoding


class _ByKey(Generic[K, V]):
    """A Fetch whose asks may share calls (`InBatches`). It hands on the coroutine of `fetch`: none of its own."""

    __slots__ = ("_fetch", "keys_max")

    def __init__(self, fetch: Fetch[K, V], keys_max: int) -> None:
        self._fetch = fetch
        self.keys_max = keys_max

    def __call__(self, keys: frozenset[K], /) -> Coroutine[Any, Any, Mapping[K, Reading[V]]]:
        return self._fetch(keys)


def _in_parts(part: Callable[[tuple[K, ...]], Awaitable[Mapping[K, Reading[V]]]], size_max: int) -> Fetch[K, V]:
    """A Fetch that asks for at most `size_max` keys in a call, the calls side by side. One failed call fails it."""

    async def fetch(keys: frozenset[K], /) -> Mapping[K, Reading[V]]:
        if not keys:
            return {}
        if len(keys) <= size_max:
            return await part(tuple(keys))
        slots = asyncio.Semaphore(CALLS_AT_ONCE)

        async def slotted(some: tuple[K, ...]) -> Mapping[K, Reading[V]]:
            async with slots:
                return await part(some)

        try:
            async with asyncio.TaskGroup() as calls:
                tasks = [calls.create_task(slotted(some)) for some in _split(tuple(keys), size_max)]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return {key: reading for task in tasks for key, reading in task.result().items()}

    return fetch


def _split(keys: tuple[K, ...], size_max: int) -> Iterator[tuple[K, ...]]:
    return (keys[start : start + size_max] for start in range(0, len(keys), size_max))
