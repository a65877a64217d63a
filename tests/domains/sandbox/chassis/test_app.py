"""What every service does with a call, in process."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from domains.sandbox.chassis import STILL, Latency, Refused, Route, Weather, build_app, want_texts
from domains.sandbox.chassis.repeats import Repeats

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
READ, WRITE = "/v1/things/lookup", "/v1/things/{id}/paint"


class Things:
    """A service of two endpoints that remembers what was done to it."""

    def __init__(self) -> None:
        self.painted: list[str] = []
        self.slept: list[float] = []
        self.ticks = 0.0

    async def lookup(self, body: dict[str, Any], _params: dict[str, str]) -> dict[str, Any]:
        return {"items": want_texts(body, "ids"), "price": Decimal("1.50")}

    async def paint(self, body: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        if params["id"] == "glass":
            raise Refused(409, "NOT_PAINTABLE", "Glass stays clear.", material="glass")
        self.painted.append(params["id"])
        return {"id": params["id"], "coats": len(self.painted)}

    async def broken(self, body: dict[str, Any], _params: dict[str, str]) -> dict[str, Any]:
        raise ZeroDivisionError

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def client(self, weather: Weather = STILL, token: str | None = None) -> httpx.AsyncClient:
        routes = [
            Route("POST", READ, self.lookup),
            Route("POST", WRITE, self.paint, write=True),
            Route("GET", "/v1/broken", self.broken),
        ]
        app = build_app("THINGS", routes, weather, lambda: NOW, token=token, ticks=lambda: self.ticks, sleep=self.sleep)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://things")


@pytest.fixture
def things() -> Things:
    return Things()


async def paint(client: httpx.AsyncClient, id_: str, key: str | None, **body: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(f"/v1/things/{id_}/paint", json=body, headers=headers)


async def test_calls_are_counted_by_template_on_arrival(things: Things) -> None:
    """Calls count under their route's template, failed ones too, until they are reset; controls do not count."""
    client = things.client()
    await client.post(READ, json={"ids": []})
    await client.post(READ, content=b"nonsense")
    await paint(client, "a", "1")
    await paint(client, "b", None)
    await client.get("/_sandbox/health")
    assert (await client.get("/_sandbox/calls")).json() == {f"POST {READ}": 2, f"POST {WRITE}": 2}
    assert (await client.delete("/_sandbox/calls")).status_code == 204
    assert (await client.get("/_sandbox/calls")).json() == {}


async def test_health_names_the_service(things: Things) -> None:
    """Health answers while everything else is told to fail."""
    client = things.client(token="secret")
    await client.post("/_sandbox/faults", json={"error_ratio": 1})
    assert (await client.get("/_sandbox/health")).json() == {"status": "ok", "service": "THINGS"}


async def test_the_last_requests_are_kept(things: Things) -> None:
    """The last 200 requests are listed with what the caller said about them, and the correlation id is echoed."""
    client = things.client()
    for number in range(201):
        headers = {"X-Correlation-Id": f"c-{number}", "X-Request-Deadline-Ms": "900"}
        response = await client.post(READ, json={"ids": []}, headers=headers)
        assert response.headers["X-Correlation-Id"] == f"c-{number}"
    requests = (await client.get("/_sandbox/requests")).json()["requests"]
    assert len(requests) == 200
    assert requests[-1] == {
        "method": "POST",
        "path": READ,
        "correlation_id": "c-200",
        "deadline_ms": "900",
        "idempotency_key": None,
        "received_at": "2026-03-02T10:00:00.000Z",
    }
    assert (await client.delete("/_sandbox/requests")).status_code == 204
    assert (await client.get("/_sandbox/requests")).json() == {"requests": []}


async def test_decimals_are_answered_as_strings(things: Things) -> None:
    """An exact decimal stays exact on its way out."""
    assert (await things.client().post(READ, json={"ids": ["a"]})).json() == {"items": ["a"], "price": "1.50"}


async def test_a_repeated_write_happens_once(things: Things) -> None:
    """The same key and input give the first answer again, marked, whatever the order of the members."""
    client = things.client()
    first = await paint(client, "a", "k", colour="red", coats=2)
    again = await paint(client, "a", "k", coats=2, colour="red")
    assert again.content == first.content
    assert (first.headers.get("Idempotent-Replay"), again.headers["Idempotent-Replay"]) == (None, "true")
    assert things.painted == ["a"]


@pytest.mark.parametrize(("id_", "body"), [("a", {"colour": "blue"}), ("b", {"colour": "red"})])
async def test_a_key_names_one_input(things: Things, id_: str, body: dict[str, str]) -> None:
    """The same key with another body or another id is a conflict and does nothing."""
    client = things.client()
    await paint(client, "a", "k", colour="red")
    response = await paint(client, id_, "k", **body)
    assert (response.status_code, response.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert things.painted == ["a"]


@pytest.mark.parametrize("key", [None, "", "k" * 256])
async def test_writes_need_a_key(things: Things, key: str | None) -> None:
    """A write without a usable key is 400 and does nothing."""
    response = await paint(things.client(), "a", key)
    assert (response.status_code, response.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert things.painted == []


async def test_a_refusal_is_problem_details_and_is_not_kept(things: Things) -> None:
    """A refusal is RFC 9457 with its own members; its key is free afterwards."""
    client = things.client()
    response = await paint(client, "glass", "k")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "title": "Conflict",
        "status": 409,
        "code": "NOT_PAINTABLE",
        "detail": "Glass stays clear.",
        "material": "glass",
    }
    assert (await paint(client, "wood", "k")).status_code == 200


async def test_kept_answers_are_bounded() -> None:
    """The oldest first answers are forgotten when there are too many."""
    repeats, done = Repeats(kept_max=2), []

    def work(name: str) -> Callable[[], Any]:
        async def do() -> bytes:
            done.append(name)
            return name.encode()

        return do

    for key in ("a", "b", "c", "b", "a"):
        await repeats.once("route", key, {}, work(key))
    assert done == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("call", "content", "status", "code"),
    [
        (("POST", READ), b"{", 400, "MALFORMED_JSON"),
        (("POST", READ), b"[]", 400, "MALFORMED_JSON"),
        (("POST", READ), b'{"ids": 1}', 422, "INVALID_BODY"),
        (("POST", READ), b'{"ids": ["' + b"x" * 1024 * 1024 + b'"]}', 413, "BODY_TOO_LARGE"),
        (("GET", READ), b"", 405, "METHOD_NOT_ALLOWED"),
        (("POST", "/v1/nothing"), b"{}", 404, "NOT_FOUND"),
        (("GET", "/v1/broken"), b"", 500, "INTERNAL"),
    ],
)
async def test_bad_requests_are_problem_details(
    things: Things, call: tuple[str, str], content: bytes, status: int, code: str
) -> None:
    """Everything that goes wrong is problem details with a status and a code, and echoes the correlation id."""
    response = await things.client().request(*call, content=content, headers={"X-Correlation-Id": "c"})
    assert (response.status_code, response.json()["status"], response.json()["code"]) == (status, status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["X-Correlation-Id"] == "c"


async def test_a_token_is_asked_for_when_there_is_one(things: Things) -> None:
    """With a token, a call without it or with another is 401; the controls stay open."""
    client = things.client(token="secret")
    answers = [
        await client.post(READ, json={"ids": []}, headers=headers)
        for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "Bearer secret"})
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 200]


async def test_latency_is_waited_before_the_answer(things: Things) -> None:
    """Each call waits its latency times the scale; scale 0 waits not at all."""
    latency = Latency(median_ms=100, sigma=0.3, least_ms=80, most_ms=200)
    for scale in (1.0, 0.5, 0.0):
        await things.client(Weather(latency=latency, latency_scale=scale)).post(READ, json={"ids": []})
    assert len(things.slept) == 2
    assert 0.08 <= things.slept[0] <= 0.2
    assert things.slept[1] == pytest.approx(things.slept[0] / 2)


async def test_a_quota_refuses_with_the_time_to_wait(things: Things) -> None:
    """Over the quota a call is 429 with Retry-After in whole seconds, is counted, and is granted later."""
    client = things.client(Weather(latency=STILL.latency, latency_scale=0, quota_per_s=2))
    statuses = [(await client.post(READ, json={"ids": []})).status_code for _ in range(2)]
    refused = await client.post(READ, json={"ids": []})
    assert [*statuses, refused.status_code] == [200, 200, 429]
    assert refused.headers["Retry-After"] == "1"
    things.ticks = 1.0
    assert (await client.post(READ, json={"ids": []})).status_code == 200
    assert (await client.get("/_sandbox/calls")).json() == {f"POST {READ}": 4}
