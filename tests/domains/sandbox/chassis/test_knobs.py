"""The fault knobs as settings: what is accepted, where it applies, how it ends."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domains.sandbox.chassis import STILL, Route, build_app
from domains.sandbox.chassis.faults import Faults

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


async def nothing(_body: dict[str, Any], _params: dict[str, str]) -> dict[str, Any]:
    return {}


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = build_app("X", [Route("GET", "/v1/a", nothing), Route("GET", "/v1/b", nothing)], STILL, lambda: NOW)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x")


async def test_faults_are_shown_set_and_cleared(client: httpx.AsyncClient) -> None:
    """What was set is shown, each setting replaces the one before, and clearing brings back none."""
    none = (await client.get("/_sandbox/faults")).json()
    await client.post("/_sandbox/faults", json={"stall_s": 1})
    shown = await client.post("/_sandbox/faults", json={"error_ratio": 0.5, "error_status": 500})
    assert shown.json() == {**none, "error_ratio": 0.5, "error_status": 500}
    assert (await client.delete("/_sandbox/faults")).status_code == 204
    assert (await client.get("/_sandbox/faults")).json() == none


async def test_unknown_knobs_are_refused_with_those_there_are(client: httpx.AsyncClient) -> None:
    """A typing mistake is 422 and the answer lists every knob."""
    response = await client.post("/_sandbox/faults", json={"eror_ratio": 1})
    assert response.status_code == 422
    assert "eror_ratio" in response.json()["detail"]
    assert all(knob in response.json()["detail"] for knob in Faults.__struct_fields__)


@pytest.mark.parametrize(
    "body",
    [{"error_ratio": 1.1}, {"error_ratio": "1"}, {"stall_s": -1}, {"error_status": 200}, {"endpoints": ["/v1/c"]}],
)
async def test_values_out_of_range_are_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """A value out of range, or an endpoint that is not there, is 422 and changes nothing."""
    before = (await client.get("/_sandbox/faults")).json()
    assert (await client.post("/_sandbox/faults", json=body)).status_code == 422
    assert (await client.get("/_sandbox/faults")).json() == before


async def test_faults_keep_to_their_endpoints(client: httpx.AsyncClient) -> None:
    """With `endpoints`, others work as usual."""
    await client.post("/_sandbox/faults", json={"error_ratio": 1, "endpoints": ["/v1/a"]})
    assert (await client.get("/v1/a")).status_code == 503
    assert (await client.get("/v1/b")).status_code == 200


async def test_a_ratio_hits_about_as_many_calls(client: httpx.AsyncClient) -> None:
    """A ratio of 0.3 fails near three calls in ten, and the seed makes it the same three every time."""
    await client.post("/_sandbox/faults", json={"error_ratio": 0.3})
    statuses = [(await client.get("/v1/a")).status_code for _ in range(200)]
    assert 40 <= statuses.count(503) <= 80


async def test_without_a_socket_a_reset_is_an_exception(client: httpx.AsyncClient) -> None:
    """In process there is no connection to reset, so the caller sees the exception."""
    await client.post("/_sandbox/faults", json={"reset": 1})
    with pytest.raises(ConnectionResetError):
        await client.get("/v1/a")
