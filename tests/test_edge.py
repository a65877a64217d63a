"""The edge of a running gateway: what browsers are told, whose pages may ask, and what other sites cannot do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, gateway_running, sandbox_running, with_origins
from tests.streaming import ADA, CLERK, KEYS, RESERVE, SHOPPERS, SOURCES, TOKENS

SHOP, TILL, STRANGER = "https://shop.example", "https://till.example", "https://evil.example"
SERVER = 'trusted_proxies = ["127.0.0.0/8"]\n'
MUTATION = 'mutation { inventoryReservationCreate(input: {lines: [], idempotencyKey: "csrf"}) { __typename } }'


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def asked(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Behind a proxy that ends TLS, with pages of two audiences."""
    folder = tmp_path_factory.mktemp("edge")
    audiences = with_origins(folder / "audiences", storefront=SHOP, associate=TILL)
    with gateway_running(sandbox.urls, folder, TOKENS + SOURCES + audiences, SHOPPERS, server=SERVER) as running:
        yield running


def reserve(asked: Asked, **headers: str) -> httpx.Response:
    lines = [{"sku": "SKU-00011", "quantity": "1", "locationId": "store-001"}]
    body = {"query": RESERVE, "variables": {"input": {"lines": lines, "idempotencyKey": next(KEYS)}}}
    return asked.http.post("/graphql", json=body, headers=headers)


def written(asked: Asked) -> int:
    """How many reservations the OMS was asked to make."""
    return sum(
        count for path, count in asked.calls().get("OMS", {}).items() if path.startswith("POST /v1/reservations")
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/explorer.json", 200),
        ("GET", "/graphql?query={__typename}", 200),
        ("GET", "/graphql", 400),
        ("DELETE", "/graphql", 405),
        ("OPTIONS", "/graphql", 204),
        ("GET", "/livez", 200),
        ("GET", "/readyz", 200),
        ("GET", "/schema.graphql", 200),
        ("POST", "/events/oms", 401),
        ("GET", "/nothing", 404),
        ("GET", "/explorer/../../etc/passwd", 404),
    ],
)
def test_browsers_are_told_to_be_careful(asked: Asked, method: str, path: str, status: int) -> None:
    """Every answer says what it is, tells others nothing, stands in no frame, and does not say what made it."""
    answer = asked.http.request(method, path, headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers
    assert "server" not in answer.headers
    assert len(answer.headers.get_list("x-content-type-options")) == 1
    assert len(answer.headers.get_list("content-security-policy")) == 1


def test_only_https_is_told_to_stay_https(asked: Asked) -> None:
    """Strict-Transport-Security goes out with what a trusted hop took by https."""
    secure = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    assert asked.http.get("/livez", headers=secure).headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in asked.http.get("/livez", headers={"X-Forwarded-Proto": "https"}).headers


def test_a_page_asks_as_its_audience(asked: Asked) -> None:
    """The storefront's page orders for its customer and reads the answer; the same page as an associate changes
    nothing, and neither does a page nobody named."""
    done = reserve(asked, Origin=SHOP, Authorization=f"Bearer {ADA}")
    assert done.json()["data"]["inventoryReservationCreate"]["__typename"] == "InventoryReservation"
    assert done.headers["access-control-allow-origin"] == SHOP
    assert "Origin" in done.headers["vary"]
    before = written(asked)
    for origin, who in ((SHOP, CLERK), (TILL, ADA), (STRANGER, ADA), ("null", ADA)):
        refused = reserve(asked, Origin=origin, Authorization=f"Bearer {who}")
        assert refused.status_code == 403
        assert refused.json()["errors"][0]["extensions"]["code"] == "ORIGIN_NOT_ALLOWED"
        assert "access-control-allow-origin" not in refused.headers
    assert written(asked) == before


def test_a_browser_asks_first(asked: Asked) -> None:
    """A preflight is answered without a token, for the pages of any audience and for no others."""
    first = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,authorization"}
    for origin in (SHOP, TILL):
        answer = asked.http.options("/graphql", headers={"Origin": origin, **first})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, origin)
        assert int(answer.headers["access-control-max-age"]) > 0
    assert asked.http.options("/graphql", headers={"Origin": STRANGER, **first}).status_code == 403
    # Nowhere else does a page of another origin find anything to read.
    for path in ("/schema.graphql", "/explorer.json", "/events/oms"):
        answer = asked.http.options(path, headers={"Origin": SHOP, **first})
        assert "access-control-allow-origin" not in answer.headers
        answer = asked.http.get(path, headers={"Origin": SHOP})
        assert "access-control-allow-origin" not in answer.headers


def test_our_own_page_asks_behind_tls(asked: Asked) -> None:
    """The explorer's page is https and ours, though what reaches us is http."""
    headers = {"Host": "api.shop.example", "Origin": "https://api.shop.example", "X-Forwarded-For": "203.0.113.7"}
    assert reserve(asked, **headers, Authorization=f"Bearer {ADA}").status_code == 200


@pytest.mark.parametrize(
    "media",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/plain; application/json",
        "application/graphql",
        "application/json; charset=utf-16",
        "",
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_what_a_form_can_send_is_not_read(asked: Asked, media: str, accept: str) -> None:
    """Content types that a page sends to another site without asking are 415, for streams too: nothing runs."""
    before = written(asked)
    body = json.dumps({"query": MUTATION}).encode()
    answer = asked.http.post("/graphql", content=body, headers={"Content-Type": media, "Accept": accept})
    assert answer.status_code == 415
    assert written(asked) == before


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "text/event-stream"])
def test_a_link_changes_nothing(asked: Asked, accept: str) -> None:
    """A mutation by GET is refused: as text, among several operations, by a digest that is known, as an event stream,
    and under headers that claim another method."""
    before = written(asked)
    both = f"query A {{ __typename }} {MUTATION.replace('mutation', 'mutation B')}"
    digest = sha256(MUTATION.encode()).hexdigest()
    known = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    asked.http.post("/graphql", json={"query": MUTATION, "extensions": known})  # so that it is remembered
    after_post = written(asked)
    for parameters in (
        {"query": MUTATION},
        {"query": both, "operationName": "B"},
        {"extensions": json.dumps(known)},
        {"query": MUTATION, "extensions": json.dumps(known)},
    ):
        headers = {"Accept": accept, "X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}
        answer = asked.http.get("/graphql", params=parameters, headers=headers)
        assert "inventoryReservationCreate" not in answer.text
        codes = ("METHOD_NOT_ALLOWED", "PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        assert any(code in answer.text for code in codes), answer.text
    assert written(asked) == after_post >= before


def test_others_cannot_tell_events(asked: Asked) -> None:
    """What a page can post to /events is not signed, whatever its content type."""
    for media in ("text/plain", "application/x-www-form-urlencoded", "application/cloudevents+json"):
        answer = asked.http.post("/events/oms", content=b"{}", headers={"Content-Type": media, "Origin": STRANGER})
        assert answer.status_code == 401
