"""Answers that the server gives by itself: what the app gives, and nothing that it would not."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest
from structlog.testing import LogCapture

from tests.gateway.http.neighbours import SHOWN, Shown, known, lines, request
from tests.gateway.http.show_window import Shop, Street
from tests.gateway.http.test_kept import ODD
from tests.gateway.pipe import Pipe


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_known_is_given_without_a_task(method: str) -> None:
    """Counted, in one write, before the loop has turned; nobody is let in, and the next one is answered like it."""
    shop = Shop()
    pipe = await known(shop)
    for asked in range(1, 4):
        pipe.sends(request(method))
        assert (len(pipe.writes), pipe.state.tasks) == (1, set())
        (answer,), pipe.writes = pipe.writes, []
        assert Shown(answer).bodies == [orjson.dumps({"data": {"shown": "a"}, "extensions": {"ageSeconds": 0}})]
        assert (shop.passed, shop.opened, shop.turns) == (asked, 0, 0)
    assert shop.answers.counts.kept == 5 + 3


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "PUT"])
@pytest.mark.parametrize("odd", [{}, {"Connection": "close"}, {"Connection": "keep-alive"}, *ODD], ids=str)
async def test_it_is_what_the_app_gives(method: str, odd: Mapping[str, str]) -> None:
    """To the last byte but for the order of the headers, and counted the same, however a request differs from those
    that are known; on the same connection, which is closed or goes on as ever."""
    shops, heard = [Shop(), Shop()], []
    for shop, at_once in zip(shops, (True, False), strict=True):
        street = Street(shop)
        if not at_once:
            street.at_once = None
        pipe = Pipe(street)
        pipe.state.default_headers = [(b"date", b"today"), (b"server", b"ours")]
        said = []
        for _ in range(3):
            for asked in (request("GET"), request("POST"), request(method, odd)):
                said.append((lines(await pipe.asked(asked)), pipe.closed))
                if pipe.closed:
                    pipe.closed, pipe = False, Pipe(street)
                    pipe.state.default_headers = [(b"date", b"today"), (b"server", b"ours")]
        heard.append(said)
    assert heard[0] == heard[1]
    shop, other = shops
    assert (shop.shown, shop.turns, shop.passed) == (other.shown, other.turns, other.passed)
    assert shop.passed


async def test_who_has_it_is_told_so_at_once() -> None:
    """A 304 has no body and no length of one, and the next answer on the connection is read where it begins."""
    pipe = await known(Shop())
    (etag,) = (line for line in lines(await pipe.asked(request("GET")))[1] if line.startswith(b"etag: "))
    has = request("GET", {"If-None-Match": etag.removeprefix(b"etag: ").decode()})
    for _ in range(2):
        await pipe.asked(has)
    pipe.sends(has, request("GET"))
    assert len(pipe.writes) == 2
    assert b"content-length" not in pipe.writes[0]
    assert Shown(await pipe.answered()).statuses == [304, 200]


async def test_where_processes_count_together_the_app_waits_for_that() -> None:
    """It counts once, and gives the same."""
    shop = Shop()
    pipe = await known(shop)
    shop.counts_alone = False
    assert SHOWN in await pipe.asked(request())
    assert (shop.passed, shop.opened) == (1, 0)


async def test_who_asks_too_often_is_told_by_the_app() -> None:
    """Refused on the long way, which keeps the record of it."""
    shop = Shop()
    pipe = await known(shop)
    shop.full = True
    assert (await pipe.asked(request())).startswith(b"HTTP/1.1 429 ")
    assert (shop.passed, shop.opened) == (0, 1)


async def test_what_is_forgotten_is_made_anew() -> None:
    """Neither news nor the end of its time leaves anything to give."""
    shop = Shop()
    pipe = await known(shop)
    for shown in (2, 3):
        shop.answers.forgotten("stock", ["a"])
        for _ in range(2):
            assert SHOWN in await pipe.asked(request())
        assert shop.shown == shown
    shop.now += 60
    assert SHOWN in await pipe.asked(request())
    assert shop.shown == 4


async def test_ages_count_on_and_ids_are_each_requests_own() -> None:
    """Of one connection, one second after the other; an id that could forge a line is replaced."""
    shop = Shop()
    pipe = await known(shop)
    for age_s in (1, 2, 11):
        shop.now += age_s
        _, headers, body = lines(await pipe.asked(request(headers={"X-Correlation-Id": f"id-{age_s}"})))
        told = orjson.loads(body)["extensions"]["ageSeconds"]
        assert f"age: {told}".encode() in headers
        assert b"content-length: %d" % len(body) in headers
        assert f"x-correlation-id: id-{age_s}".encode() in headers
    made = set()
    for bad in ("", "a b", "x" * 129):
        _, headers, _ = lines(await pipe.asked(request(headers={"X-Correlation-Id": bad})))
        (one,) = (line for line in headers if line.startswith(b"x-correlation-id: "))
        made.add(one)
    assert {len(one) for one in made} == {len("x-correlation-id: ") + 32}
    assert len(made) == 3


async def test_a_trusted_proxy_says_by_what_scheme_it_was_asked() -> None:
    """What came by https is not what came by http, though nothing else differs but an address that says nothing."""
    shop = Shop()
    pipe = await known(shop)
    for client in range(1, 4):
        hops = {"X-Forwarded-For": f"192.0.2.{client}", "X-Forwarded-Proto": "https"}
        assert b"strict-transport-security" in await pipe.asked(request(headers=hops))
    assert (shop.opened, shop.passed) == (1, 2)
    assert b"strict-transport-security" not in await pipe.asked(request())


async def test_a_bug_on_the_short_way_is_told_and_the_long_way_answers(logged: LogCapture) -> None:
    """No layer that has an answer for a bug stands around it, so it must not be one of anybody's request."""
    shop = Shop()
    pipe = await known(shop)

    class Broken(Exception):
        pass

    def passes() -> bool:
        raise Broken

    async def pass_by() -> None:
        raise Broken

    shop.passes, shop.pass_by = passes, pass_by  # type: ignore[method-assign]  # the bug
    assert SHOWN in await pipe.asked(request())
    assert shop.opened == 1
    assert [type(entry["exc_info"]) for entry in logged.entries] == [Broken, Broken]
