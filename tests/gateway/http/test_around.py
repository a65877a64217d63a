"""What stands around the endpoint: correlation, the last resort, health, drain."""

from __future__ import annotations

import asyncio
import signal

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from structlog.testing import LogCapture

from domains.upstream import correlation_id
from gateway.http import Check, Correlation, Drain, Draining, DrainingServer, HttpFault, LastResort, Readiness, livez
from tests.gateway.http.conftest import prepared, quiet
from tests.gateway.http.corner_shop import SECRET, Counter, client, shop

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
IDS = {"query": "{ ids }"}


async def test_correlation_id_goes_in_and_out() -> None:
    """A caller's id and trace reach the resolvers, and the id comes back; afterwards neither is left behind."""
    async with client(shop(Counter())) as http:
        response = await http.post("/", json=IDS, headers={"x-correlation-id": "order-42", "traceparent": TRACE})
    assert response.json()["data"]["ids"] == ["order-42", TRACE]
    assert response.headers["x-correlation-id"] == "order-42"
    assert correlation_id.get() is None


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, "caf\xe9", "a\x7f"])
async def test_bad_correlation_id_is_replaced(bad: str) -> None:
    """What could forge a log line or is too long is not taken over, and not an error either."""
    async with client(shop(Counter())) as http:
        response = await http.post("/", json=IDS, headers={b"x-correlation-id": bad.encode("latin-1")})
    made = response.headers["x-correlation-id"]
    assert (response.status_code, len(made)) == (200, 32)
    assert response.json()["data"]["ids"][0] == made


@pytest.mark.parametrize(
    "bad", ["", "00-0-0-01", f"ff{TRACE[2:]}", TRACE.upper(), f"{TRACE}-x", TRACE.replace("4bf", "xyz")]
)
async def test_bad_traceparent_is_dropped(bad: str) -> None:
    """An invalid trace is not passed on."""
    async with client(shop(Counter())) as http:
        response = await http.post("/", json=IDS, headers={"traceparent": bad})
    assert response.json()["data"]["ids"][1] is None


async def test_masked_errors_lead_to_the_log(logged: LogCapture) -> None:
    """A masked error carries the correlation id of the answer, and the log has the exception itself."""
    async with client(shop(Counter())) as http:
        response = await http.post("/", json={"query": "{ boom }"}, headers={"x-correlation-id": "order-42"})
    assert response.json()["errors"][0]["extensions"] == {"code": "INTERNAL", "correlationId": "order-42"}
    assert str(logged.entries[0]["exc_info"]) == SECRET


async def test_a_bug_is_a_coded_500(logged: LogCapture) -> None:
    """An exception nobody caught is answered like every other error, without its text, and logged with it."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError(SECRET)

    async with client(Correlation(LastResort(broken))) as http:
        response = await http.get("/")
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (500, "INTERNAL")
    assert response.headers["x-correlation-id"] == response.json()["errors"][0]["extensions"]["correlationId"]
    assert SECRET not in response.text
    assert str(logged.entries[0]["exc_info"]) == SECRET


async def test_a_fault_elsewhere_is_problem_details() -> None:
    """Endpoints that do not speak GraphQL raise HttpFault and answer with problem details."""

    async def webhook(scope: Scope, receive: Receive, send: Send) -> None:
        raise HttpFault(413, "BODY_TOO_LARGE", "Too much.", close=True)

    async with client(Correlation(LastResort(webhook))) as http:
        response = await http.post("/events/shop")
    assert (response.status_code, response.headers["content-type"]) == (413, "application/problem+json")
    assert (response.json()["code"], response.headers["connection"]) == ("BODY_TOO_LARGE", "close")


async def test_a_bug_after_the_answer_began_cuts_the_connection() -> None:
    """Half an answer must not look like a whole one: the exception goes on to the server."""

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(SECRET)

    transport = httpx.ASGITransport(LastResort(half))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
        with pytest.raises(RuntimeError):
            await http.get("/")


def health(drain: Drain, *checks: Check) -> Starlette:
    return Starlette(routes=[Route("/livez", livez), Route("/readyz", Readiness(checks, drain).readyz)])


async def test_readiness_tells_each_check() -> None:
    """Ready only when every check passes; one that hangs, fails or raises is named, and its reason kept inside."""

    async def good() -> bool:
        return True

    async def down() -> bool:
        raise ConnectionError(SECRET)

    async def hanging() -> bool:
        await asyncio.Event().wait()
        return True

    async with client(health(Drain(), Check("journal", good))) as http:
        ready = await http.get("/readyz")
    checks = (Check("journal", good), Check("redis", down), Check("disk", hanging, timeout_s=0.01))
    async with client(health(Drain(), *checks)) as http:
        unready, live = await http.get("/readyz"), await http.get("/livez")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (unready.status_code, live.status_code) == (503, 200)
    assert unready.json()["checks"] == {"journal": "ok", "redis": "failed", "disk": "failed"}
    assert SECRET not in unready.text


async def test_draining_answers_what_is_in_flight() -> None:
    """Once draining, readiness is 503, running requests end, and connections are not kept."""
    drain = Drain()
    release, entered = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await release.wait()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"done"})

    async with client(Draining(slow, drain)) as http, client(health(drain)) as probe, asyncio.timeout(5):
        running = asyncio.ensure_future(http.get("/"))
        await entered.wait()
        drain.begin()
        readiness = await probe.get("/readyz")
        in_time = await drain.drained(0.01)
        release.set()
        response = await running
        assert (drain.in_flight, await drain.drained(1)) == (0, True)
    assert (readiness.status_code, readiness.json()["status"], in_time) == (503, "draining", False)
    assert (response.text, response.headers["connection"]) == ("done", "close")


async def test_first_signal_drains_then_exits() -> None:
    """The first signal only says so; uvicorn is told to exit when the balancer had its time, or at a second signal."""
    drain = Drain()
    server = prepared(DrainingServer(quiet(shop(Counter())), drain, linger_s=0))
    await server.startup(sockets=[])
    server.handle_exit(signal.SIGTERM, None)
    at_once = (drain.draining, server.should_exit)
    for _ in range(3):
        await asyncio.sleep(0)
    assert (at_once, server.should_exit) == ((True, False), True)

    hasty = prepared(DrainingServer(quiet(shop(Counter())), Drain(), linger_s=60))
    await hasty.startup(sockets=[])
    hasty.handle_exit(signal.SIGTERM, None)
    hasty.handle_exit(signal.SIGTERM, None)
    assert hasty.should_exit
