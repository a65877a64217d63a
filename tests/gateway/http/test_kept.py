"""The short way of requests that are like others: what it spares them, and that nothing else differs."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from gateway.http import Drain
from gateway.http.head import Head, head_of
from gateway.http.known import DECIDES, SAYS_NOTHING
from tests.gateway.http.show_window import OTHERS_PAGE, PAGE, Life, Shop, Street, asked, in_one_piece

ODD: tuple[Mapping[str, str], ...] = (
    {"Accept": "application/graphql-response+json"},
    {"Access-Control-Request-Method": "POST", "Origin": PAGE},
    {"Accept": "text/html"},
    {"Authorization": "Bearer ada"},
    {"Content-Encoding": "gzip"},
    {"Content-Encoding": "identity"},
    {"Content-Type": "text/plain"},
    {"Expect": "100-continue"},
    {"Host": "elsewhere.example"},
    {"Idempotency-Key": "a, b"},
    {"Idempotency-Key": "one"},
    {"If-None-Match": "*"},
    {"If-None-Match": '"other"'},
    {"Origin": PAGE},
    {"Origin": OTHERS_PAGE},
    {"Origin": "https://foreign.example"},
    {"Traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
    {"Transfer-Encoding": "chunked"},
    {"X-Correlation-Id": "yours"},
    {"X-Filler": "x" * 33_000},
    {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"},
    {"X-Request-Deadline-Ms": "1"},
)


def seen(response: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return response.status_code, response.content, sorted(response.headers.multi_items())


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_is_let_in_for_what_others_were_given(method: str) -> None:
    """Made for the first, looked for by the second, known for the third: counted, and the same to the last header."""
    shop = Shop()
    async with in_one_piece(Street(shop)) as http:
        made, looked_for, known = [await asked(http, method) for _ in range(3)]
    assert (shop.shown, shop.opened, shop.turns, shop.passed) == (1, 2, 2, 1)
    assert shop.answers.counts.kept == 2
    assert seen(known) == seen(looked_for)
    assert known.json() == made.json()
    assert (known.headers["x-content-type-options"], known.headers["x-correlation-id"]) == ("nosniff", "mine")


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT"])
@pytest.mark.parametrize("odd", ODD, ids=str)
async def test_whatever_is_odd_is_answered_as_on_the_long_way(method: str, odd: Mapping[str, str]) -> None:
    """A request that differs from one that is known in one thing, asked until it may itself be known, with and without
    the short way."""
    shops = [(Shop(), True), (Shop(), False)]
    heard = []
    for shop, remembers in shops:
        async with in_one_piece(Street(shop, remembers=remembers)) as http:
            for known in ("GET", "POST"):
                for _ in range(3):
                    await asked(http, known)
            heard.append([seen(await asked(http, method, odd)) for _ in range(3)])
    assert heard[0] == heard[1]
    (shop, _), (other, _) = shops
    assert (shop.shown, shop.turns + shop.passed) == (other.shown, other.turns)


async def test_every_header_that_is_looked_at_is_accounted_for() -> None:
    """What the long way looks at decides, or is known to say nothing of a kept answer."""
    looked_at: set[bytes] = set()

    class Watched(Head):
        def all(self, name: bytes) -> list[str]:
            looked_at.add(name)
            return super().all(name)

        def first(self, name: bytes) -> str | None:
            looked_at.add(name)
            return super().first(name)

        def joined(self, name: bytes) -> str:
            looked_at.add(name)
            return super().joined(name)

        def __contains__(self, name: bytes) -> bool:
            looked_at.add(name)
            return super().__contains__(name)

    app = Street(Shop(), remembers=False)

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        scope["client"] = ("192.0.2.9", 1)  # no proxy: who is one has the lines copied
        head_of(scope)
        (kept,) = (name for name, value in scope.items() if isinstance(value, Head))
        scope[kept] = Watched(scope["headers"])
        await app(scope, receive, send)

    async with in_one_piece(watched) as http:
        for odd in ODD:
            for method in ("GET", "POST", "OPTIONS"):
                await asked(http, method, odd)
    only_of_streams = {b"last-event-id"}
    assert looked_at - {b"authorization"} == (DECIDES | SAYS_NOTHING) - only_of_streams


async def test_who_asks_too_often_is_refused_as_ever() -> None:
    """The long way says so, and counts nothing twice."""
    shop = Shop()
    async with in_one_piece(Street(shop)) as http:
        for _ in range(3):
            await asked(http)
        shop.full = True
        refused = await asked(http)
    assert (refused.status_code, shop.turns, shop.passed) == (429, 3, 1)


async def test_what_is_forgotten_is_made_anew_at_once() -> None:
    """Neither news of what an answer was made of, nor the end of its time, leaves anything to give."""
    shop = Shop()
    async with in_one_piece(Street(shop)) as http:
        for _ in range(3):
            await asked(http)
        shop.answers.forgotten("stock", ["a"])
        await asked(http)
        assert (shop.shown, shop.turns, shop.passed) == (2, 3, 1)
        await asked(http)
        assert (shop.shown, shop.passed) == (2, 2)
        shop.now += 60
        await asked(http)
    assert shop.shown == 3


async def test_what_is_forgotten_while_it_is_counted_is_not_given() -> None:
    """With a store that processes share, counting takes a while."""
    shop = Shop()
    async with in_one_piece(Street(shop)) as http:
        for _ in range(3):
            await asked(http)
        shop.overtakes = lambda: shop.answers.forgotten("stock", ["a"])
        await asked(http)
    assert shop.shown == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_ages_count_on(method: str) -> None:
    """`Age`, the length and what the body says of its age are those of the moment."""
    shop = Shop()
    async with in_one_piece(Street(shop)) as http:
        for _ in range(3):
            await asked(http, method)
        for age_s in (0, 9, 10):
            shop.now = Life().observed_at + age_s
            answer = await asked(http, method)
            assert (answer.headers["age"], answer.json()["extensions"]) == (str(age_s), {"ageSeconds": age_s})
            assert answer.headers["content-length"] == str(len(answer.content))
    assert (shop.shown, shop.opened) == (1, 2)


async def test_who_has_it_is_told_so_by_the_same_way() -> None:
    """A 304 has no body and no length of one, and its age counts on too."""
    shop = Shop()
    async with in_one_piece(Street(shop)) as http:
        has = {"If-None-Match": (await asked(http, "GET")).headers["etag"]}
        for _ in range(2):
            await asked(http, "GET", has)
        shop.now += 5
        told = await asked(http, "GET", has)
    assert (told.status_code, told.content, told.headers["age"]) == (304, b"", "5")
    assert "content-length" not in told.headers
    assert shop.opened == 2


async def test_while_going_down_connections_end_on_this_way_too() -> None:
    """Counted in and out, and told to open the next connection elsewhere."""
    drain, shop = Drain(), Shop()
    async with in_one_piece(Street(shop, drain=drain)) as http:
        for _ in range(2):
            await asked(http)
        drain.begin()
        answer = await asked(http)
    assert (answer.headers["connection"], shop.passed, drain.in_flight) == ("close", 1, 0)
