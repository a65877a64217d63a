"""Whose pages may ask, and as whom; and what every answer tells browsers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from domains.upstream import Deadline
from gateway.engine import Engine
from gateway.http import (
    Admitted,
    Correlation,
    CrossOrigin,
    GraphQLEndpoint,
    Hardening,
    HttpFault,
    LastResort,
    Origins,
    check_origin,
)
from gateway.identity import Unauthenticated
from tests.gateway.http.corner_shop import Counter, schema

SHOP, PARTNER, STRANGER = "https://shop.example", "https://acme.example:8443", "https://evil.example"
OF = {"storefront": {SHOP}, "partner/acme": {PARTNER}}
ORIGINS = Origins(lambda audience: OF.get(audience, set()), {SHOP, PARTNER})


def door(counter: Counter) -> ASGIApp:
    """A shop whose callers say their audience in `Authorization`; whoever says "expired" is nobody."""

    @asynccontextmanager
    async def admit(scope: Scope, _: Deadline) -> AsyncIterator[Admitted]:
        audience = Headers(scope=scope).get("authorization", "storefront")
        if audience == "expired":
            raise Unauthenticated("Expired.")
        ORIGINS.check(scope, audience)
        yield Admitted(counter)

    endpoint = GraphQLEndpoint(Engine(schema()), admit)

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        if b"boom" in scope["query_string"]:
            raise RuntimeError("a bug")
        await endpoint(scope, receive, send)

    return Hardening(Correlation(CrossOrigin(LastResort(broken), ORIGINS, {"/graphql"})), hsts_max_age_s=60)


def asking(counter: Counter, base: str = "http://gateway") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(door(counter), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base)


SELL = {"query": "mutation { sell }"}


async def test_a_page_that_was_named_asks_and_reads() -> None:
    """A page of the caller's own audience is answered, and may read the answer and our headers."""
    counter = Counter()
    async with asking(counter) as http:
        answer = await http.post("/graphql", json=SELL, headers={"Origin": SHOP})
    assert answer.json() == {"data": {"sell": 1}}
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert "Origin" in answer.headers["vary"]
    assert {"Retry-After", "X-Correlation-Id"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("origin", "audience"),
    [(STRANGER, "storefront"), (PARTNER, "storefront"), (SHOP, "partner/acme"), ("null", "storefront"), ("", "mobile")],
)
async def test_a_page_nobody_named_changes_nothing(origin: str, audience: str) -> None:
    """A page that is not of the caller's audience is refused before anything runs, and cannot read why."""
    counter = Counter()
    async with asking(counter) as http:
        for send in (
            http.post("/graphql", json=SELL, headers={"Origin": origin, "Authorization": audience}),
            http.get("/graphql", params={"query": "{ hello }"}, headers={"Origin": origin, "Authorization": audience}),
        ):
            answer = await send
            assert answer.status_code == 403
            assert answer.json()["errors"][0]["extensions"]["code"] == "ORIGIN_NOT_ALLOWED"
            assert "access-control-allow-origin" not in answer.headers
            assert "Origin" in answer.headers["vary"]
    assert counter.sold == 0


async def test_two_origins_are_nobodys() -> None:
    """A request with two Origin headers is refused, whichever they are."""
    counter = Counter()
    async with asking(counter) as http:
        answer = await http.post("/graphql", json=SELL, headers=[("Origin", SHOP), ("Origin", SHOP)])
    assert (answer.status_code, counter.sold) == (403, 0)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://gateway.example", "gateway.example"),  # TLS ends at a proxy that nobody told us of
        ("https://gateway.example", "gateway.example:443"),
        ("https://gateway.example", "GATEWAY.example"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
async def test_our_own_pages_ask(origin: str, host: str) -> None:
    """The explorer is of the host that it asks, and needs no permission; nothing says that others may read."""
    async with asking(Counter()) as http:
        answer = await http.post("/graphql", json={"query": "{ hello }"}, headers={"Origin": origin, "Host": host})
    assert answer.json() == {"data": {"hello": "hello"}}
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://gateway.example", "gateway.example:8443"),
        ("https://gateway.example:99999", "gateway.example"),
        ("https://gateway.example.evil.example", "gateway.example"),
        ("https://gateway.example@evil.example", "gateway.example"),
        ("https://[", "["),
    ],
)
async def test_what_only_looks_like_our_host_is_not(origin: str, host: str) -> None:
    """Another port, another host that begins like ours, and what is no origin at all are of others."""
    async with asking(Counter()) as http:
        answer = await http.post("/graphql", json={"query": "{ hello }"}, headers={"Origin": origin, "Host": host})
    assert answer.status_code == 403


async def test_a_preflight_says_what_may_be_sent() -> None:
    """OPTIONS of a page that some audience has is told what may be sent; of others, it is refused."""
    first = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with asking(Counter()) as http:
        known = await http.options("/graphql", headers={"Origin": PARTNER, **first})
        strange = await http.options("/graphql", headers={"Origin": STRANGER, **first})
        plain = await http.options("/graphql")
    assert (known.status_code, known.content) == (204, b"")
    assert known.headers["access-control-allow-origin"] == PARTNER
    assert known.headers["access-control-allow-methods"] == "GET, POST"
    allowed = {name.lower() for name in known.headers["access-control-allow-headers"].split(", ")}
    assert {"authorization", "content-type", "idempotency-key", "x-correlation-id"} <= allowed
    assert "access-control-allow-credentials" not in known.headers
    assert "content-length" not in known.headers
    assert (strange.status_code, "access-control-allow-origin" in strange.headers) == (403, False)
    assert plain.headers["allow"] == "GET, POST, OPTIONS"


async def test_a_page_reads_why_its_token_was_refused() -> None:
    """While nobody knows who asks, a page of any audience may read the answer: a 401, a body that is no JSON, a bug."""
    async with asking(Counter()) as http:
        expired = await http.post("/graphql", json=SELL, headers={"Origin": SHOP, "Authorization": "expired"})
        garbled = await http.post(
            "/graphql", content=b"{", headers={"Origin": SHOP, "Content-Type": "application/json"}
        )
        bug = await http.get("/graphql?boom", headers={"Origin": SHOP})
    assert [answer.status_code for answer in (expired, garbled, bug)] == [401, 400, 500]
    assert {answer.headers["access-control-allow-origin"] for answer in (expired, garbled, bug)} == {SHOP}


@pytest.mark.parametrize("base", ["http://gateway", "https://gateway"])
async def test_every_answer_is_hardened(base: str) -> None:
    """Answers, refusals and bugs carry the headers, and Strict-Transport-Security exactly where they came by https."""
    async with asking(Counter(), base) as http:
        answers = [
            await http.post("/graphql", json=SELL),
            await http.post("/graphql", json=SELL, headers={"Origin": STRANGER}),
            await http.get("/graphql?boom"),
            await http.options("/graphql", headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"}),
        ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers.get("strict-transport-security") == ("max-age=60" if base[:5] == "https" else None)
        assert "x-correlation-id" in answer.headers


@pytest.mark.parametrize("origin", ["https://shop.example", "http://localhost:3000", "https://[::1]:8443"])
def test_an_origin_is_exact(origin: str) -> None:
    """What browsers send is an origin."""
    assert check_origin(origin) == origin


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "shop.example",
        "https://shop.example/",
        "https://Shop.example",
        "https://*.shop.example",
        "https://shop.example:443",
        "https://user@shop.example",
        "https://shop.example\n",
        "ftp://shop.example",
    ],
)
def test_what_matches_more_or_nothing_is_no_origin(text: str) -> None:
    """A star, a frame's null, a path, a pattern and what no browser writes are refused when settings are read."""
    with pytest.raises(ValueError, match="an origin as browsers send it"):
        check_origin(text)


def test_the_refusal_says_what_to_do() -> None:
    """The fault of a foreign page names the remedy, and not the origins that there are."""
    scope: Scope = {"type": "http", "headers": [(b"origin", STRANGER.encode()), (b"host", b"gateway")]}
    with pytest.raises(HttpFault) as refused:
        ORIGINS.check(scope, "storefront")
    assert "operator" in refused.value.message
    assert SHOP not in refused.value.message
