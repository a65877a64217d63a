"""Documents that are named: which name finds what, and what is remembered."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cache import connect
from domains.vocabulary import ServingPath
from gateway.documents import Desk, InMemory, Remembered, Shared, TrustedDocument, TrustedDocuments, digest_of
from gateway.documents.automatic import PAUSE_S
from gateway.http import GraphQLRequest, HttpFault
from tests.cache.valkey import Valkey

PAGE, HOME = "query Page { a }", "query Home { b }"
TRUSTED = TrustedDocuments([TrustedDocument(PAGE, "page", ("page",), ServingPath.BROWSE, ("Page",))])


def desk(automatic: Remembered | None = None) -> Desk:
    return Desk(TRUSTED, automatic, characters_max=100)


def hashed(text: str, query: str = "", **other: object) -> GraphQLRequest:
    said = {"version": 1, "sha256Hash": digest_of(text), **other}
    return GraphQLRequest(query, extensions={"persistedQuery": said})


async def refused(desk: Desk, asked: GraphQLRequest) -> HttpFault:
    with pytest.raises(HttpFault) as caught:
        await desk.find(asked)
    return caught.value


@pytest.mark.parametrize("name", ["page", "Page", digest_of(PAGE), f"sha256:{digest_of(PAGE)}"])
async def test_a_trusted_document_is_found_by_its_names(name: str) -> None:
    """With the path it says, and an operation's name chooses the operation."""
    found = await desk().find(GraphQLRequest("", document_id=name))
    assert (found.query, found.trusted, found.path) == (PAGE, True, ServingPath.BROWSE)
    assert found.operation_name == ("Page" if name == "Page" else None)


async def test_the_text_of_a_trusted_document_is_the_very_same_each_time() -> None:
    """One object, so that finding its prepared operation compares no characters."""
    by_id = await desk().find(GraphQLRequest("", document_id="page"))
    by_hash = await desk().find(hashed(PAGE))
    whole = await desk().find(GraphQLRequest(PAGE.encode().decode()))
    assert by_id.query is by_hash.query is whole.query
    assert whole.trusted


async def test_the_handshake_of_automatic_persisted_queries() -> None:
    """Unknown, sent once with its digest, run, known."""
    here = desk(InMemory(10_000))
    unknown = await refused(here, hashed(HOME))
    assert (unknown.status, unknown.code, unknown.message) == (
        404,
        "PERSISTED_QUERY_NOT_FOUND",
        "PersistedQueryNotFound",
    )
    sent = await here.find(hashed(HOME, HOME))
    assert (sent.query, sent.digest, sent.trusted) == (HOME, digest_of(HOME), False)
    assert (await refused(here, hashed(HOME))).code == "PERSISTED_QUERY_NOT_FOUND"  # it has not run yet
    await here.ran(sent)
    for again in (hashed(HOME), GraphQLRequest("", document_id=f"sha256:{digest_of(HOME)}")):
        found = await here.find(again)
        assert (found.query, found.trusted, found.path, found.digest) == (HOME, False, None, None)


async def test_a_digest_that_is_none_is_refused() -> None:
    """Nobody can have another text kept under a digest, nor break the protocol."""
    here = desk(InMemory(10_000))
    mismatch = await refused(here, hashed(PAGE, HOME))
    assert (mismatch.status, mismatch.code) == (400, "PERSISTED_QUERY_HASH_MISMATCH")
    for bad in (
        hashed(HOME, version=2),
        hashed(HOME, sha256Hash=7),
        GraphQLRequest("", extensions={"persistedQuery": 1}),
    ):
        assert (await refused(here, bad)).code == "BAD_REQUEST"


async def test_without_automatic_queries_a_client_is_told_to_give_up() -> None:
    """Trusted ones are found by their digest all the same; unknown ids are told as such."""
    assert (await desk().find(hashed(PAGE))).trusted
    assert (await refused(desk(), hashed(HOME))).message == "PersistedQueryNotSupported"
    assert (await desk().find(hashed(HOME, HOME))).digest is None
    absent = await refused(desk(), GraphQLRequest("", document_id="nosuch"))
    assert (absent.status, absent.code, absent.message) == (
        404,
        "PERSISTED_DOCUMENT_NOT_FOUND",
        "There is no document 'nosuch' here.",
    )


async def test_texts_too_large_to_run_are_not_kept() -> None:
    """What the limits of a document refuse would only push out what others need."""
    long = "query Home { b " + "b " * 100 + "}"
    assert (await desk(InMemory(10_000)).find(hashed(long, long))).digest is None


async def test_memory_is_bounded_and_forgets_what_was_not_asked_for() -> None:
    """With room for two, the one that nobody asked for goes."""
    memory = InMemory(2 * (256 + 10))
    for name in ("a", "b"):
        await memory.put(name, "x" * 10)
    await memory.get("a")
    await memory.put("c", "x" * 10)
    assert [await memory.get(name) is not None for name in ("a", "b", "c")] == [True, False, True]
    await memory.put("d", "x" * 1000)
    assert await memory.get("d") is None


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.kill()


async def test_processes_share_what_was_sent_and_do_without(valkey: Valkey) -> None:
    """A text sent to one process is known to another; a false one there is not believed; a store away costs nothing."""
    now = [0.0]
    store = connect(valkey.url, timeout_s=5, connections_max=2)
    try:
        here, there, third = (
            Shared(store, InMemory(10_000), clock, keep_s=60)
            for clock in (time.monotonic, time.monotonic, lambda: now[0])
        )
        await here.put(digest_of(HOME), HOME)
        assert await there.get(digest_of(HOME)) == HOME
        (key,) = await store.keys("*")
        assert 0 < await store.ttl(key) <= 60
        await store.set(key, PAGE)
        assert await third.get(digest_of(HOME)) is None
        valkey.kill()
        await third.put(digest_of(PAGE), PAGE)
        assert await third.get(digest_of(PAGE)) == PAGE
        assert await third.get(digest_of(HOME)) is None
        valkey.start()
        await here.put(digest_of("{ c }"), "{ c }")  # its own pause: kept by this process alone at the least
        now[0] += PAUSE_S
        await third.put(digest_of(HOME), HOME)
        assert await store.get(key) == HOME.encode()
    finally:
        await store.aclose()
