"""The endpoint in front of answers that are kept: what a request for one goes through, and what it does not."""

from __future__ import annotations

from typing import Any

import httpx

from gateway.http import HttpSettings
from tests.gateway.http.show_window import Shop, open_shop


async def sent(http: httpx.AsyncClient, query: str = "{ shown }", **more: Any) -> httpx.Response:
    return await http.post("/", json={"query": query, **more})


async def test_what_is_kept_is_given_without_running_or_paying() -> None:
    """The turn at the gate is taken each time; nothing is resolved, and nothing is held of anybody's budget."""
    shop = Shop()
    async with open_shop(shop) as http:
        first = await sent(http)
        shop.now += 7
        again = await sent(http)
        by_get = await http.get("/", params={"query": "{ shown }"})
    assert (shop.shown, shop.paid, shop.turns) == (1, 1, 3)
    assert first.json() == {"data": {"shown": "a"}, "extensions": {"ageSeconds": 0}}
    assert again.json() == by_get.json() == {"data": {"shown": "a"}, "extensions": {"ageSeconds": 7}}
    assert (again.headers["age"], again.headers["cache-control"]) == ("7", "public, max-age=60")


async def test_who_asks_too_often_is_refused_all_the_same() -> None:
    """A limit that would not count what is kept would be none."""
    shop = Shop()
    async with open_shop(shop) as http:
        await sent(http)
        shop.full = True
        assert (await sent(http)).status_code == 429


async def test_the_media_type_is_each_clients_own() -> None:
    """The same bytes under the type that was asked for."""
    shop = Shop()
    async with open_shop(shop) as http:
        first = await sent(http)
        modern = await http.post(
            "/", json={"query": "{ shown }"}, headers={"Accept": "application/graphql-response+json"}
        )
    assert modern.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert (modern.content, shop.shown) == (first.content, 1)


async def test_nothing_else_is_kept() -> None:
    """Own texts, tokens, callers who are nobody's equals, what is private, what fails: each is run for who asks."""
    for shop, query, headers in (
        (Shop(), "{ shown } # mine", {}),
        (Shop(), "{ shown }", {"Authorization": "Bearer ada"}),
        (Shop(caller=None), "{ shown }", {}),
        (Shop(public=False), "{ shown }", {}),
        (Shop(), "{ broken }", {}),
    ):
        async with open_shop(shop) as http:
            for _ in range(2):
                await http.post("/", json={"query": query}, headers=headers)
        assert shop.shown == 2, (query, headers)


async def test_a_mutation_is_never_given_again() -> None:
    """Trusted or not, what changes something changes it each time."""
    shop = Shop()
    async with open_shop(shop) as http:
        answers = [(await sent(http, "mutation { sell }")).json()["data"] for _ in range(2)]
    assert answers == [{"sell": 1}, {"sell": 2}]


async def test_a_batch_is_run_as_ever() -> None:
    """Operations in one request are for one caller, and share what they read anyway."""
    shop = Shop()
    async with open_shop(shop, HttpSettings(batch_max=2)) as http:
        for _ in range(2):
            await http.post("/", json=[{"query": "{ shown }"}] * 2)
    assert shop.shown == 4


async def test_tags_are_for_get() -> None:
    """A public answer to a GET has one, kept or not; to a POST there is nothing to compare it with."""
    shop = Shop()
    async with open_shop(shop) as http:
        own = await http.get("/", params={"query": "{ shown } # mine"})
        same = await http.get("/", params={"query": "{ shown } # mine"}, headers={"If-None-Match": own.headers["etag"]})
        posted = await http.post("/", json={"query": "{ shown }"}, headers={"If-None-Match": "*"})
        shop.public = False
        private = await http.get("/", params={"query": "{ shown } # mine"}, headers={"If-None-Match": "*"})
    assert (same.status_code, same.content) == (304, b"")
    assert (posted.status_code, "etag" in posted.headers) == (200, False)
    assert (private.status_code, "etag" in private.headers) == (200, False)
