"""Every fault knob over loopback, against a service in its own process."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from jsonschema import ValidationError

from domains.sandbox import Sandbox
from domains.sandbox.world import CURRENCY_ROW
from tests.domains.sandbox.contracts import Contract

CONTRACT = Contract.of("LOYALTY")
PROGRAMS = "/v1/programs"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Sandbox.start({"LOYALTY": 0}, latency_scale=0) as sandbox:
        yield sandbox.urls["LOYALTY"]


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=5, trust_env=False) as client:
        client.delete("/_sandbox/faults")
        yield client
        client.delete("/_sandbox/faults")


def set_faults(client: httpx.Client, **faults: Any) -> None:
    assert client.post("/_sandbox/faults", json=faults).status_code == 200


def hold(client: httpx.Client, key: str) -> httpx.Response:
    points = {"value": "10", "currency": CURRENCY_ROW}
    body = {"membershipId": "mem-00001", "points": points}
    return client.post("/v1/redemptions", json=body, headers={"Idempotency-Key": key})


def available(client: httpx.Client) -> int:
    body = client.post("/v1/balances/lookup", json={"membershipIds": ["mem-00001"]}).json()
    return int(body["items"][0]["available"]["value"])


def exchange(url: str, path: str) -> bytes:
    """All bytes the service sends to a bare GET until it closes. Raises ConnectionResetError on a reset."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
        return received


def test_without_faults_it_works(client: httpx.Client) -> None:
    """The ground the other tests stand on: no fault, a good answer."""
    assert CONTRACT.judge(PROGRAMS, client.get(PROGRAMS))["items"]


def test_reset_is_a_tcp_reset(client: httpx.Client, url: str) -> None:
    """The peer sees RST, not an orderly end, and not one byte."""
    set_faults(client, reset=1)
    with pytest.raises(ConnectionResetError):
        exchange(url, PROGRAMS)


def test_latency_comes_on_top(client: httpx.Client) -> None:
    """`latency_ms` delays each answer by that much."""
    set_faults(client, latency_ms=120)
    began = time.monotonic()
    assert client.get(PROGRAMS).status_code == 200
    assert time.monotonic() - began >= 0.12


def test_a_stall_holds_one_call_and_not_the_service(client: httpx.Client) -> None:
    """A stalled endpoint keeps its caller waiting while the others answer."""
    set_faults(client, stall_s=30, endpoints=[PROGRAMS])
    with pytest.raises(httpx.ReadTimeout):
        client.get(PROGRAMS, timeout=0.2)
    assert available(client) > 0


def test_errors_carry_their_status_and_retry_after(client: httpx.Client) -> None:
    """`error_status` is answered as problem details, with Retry-After when told."""
    set_faults(client, error_ratio=1, error_status=500, retry_after_s=7)
    response = client.get(PROGRAMS)
    assert (response.status_code, response.headers["Retry-After"]) == (500, "7")
    assert CONTRACT.judge(PROGRAMS, response)["code"] == "INJECTED_FAULT"


def test_an_error_inside_a_200(client: httpx.Client) -> None:
    """The status says well, the body says error."""
    set_faults(client, error_in_200=1)
    response = client.get(PROGRAMS)
    assert response.status_code == 200
    assert response.json()["error"]["code"]


def test_failed_writes_did_not_happen(client: httpx.Client) -> None:
    """After an injected error, an error in a 200 and a reset, the balance is what it was."""
    before = available(client)
    for number, knob in enumerate(("error_ratio", "error_in_200")):
        set_faults(client, **{knob: 1})
        hold(client, f"failed-{number}")
    set_faults(client, reset=1)
    with pytest.raises(httpx.TransportError):
        hold(client, "failed-2")
    client.delete("/_sandbox/faults")
    assert available(client) == before


def test_a_lost_reply_did_happen(client: httpx.Client) -> None:
    """The write happens, the answer is lost, and a repeat with the same key brings it without a second effect."""
    before = available(client)
    set_faults(client, lost_reply=1)
    with pytest.raises(httpx.TransportError):
        hold(client, "lost")
    assert client.get(PROGRAMS).status_code == 200  # reads are left alone
    client.delete("/_sandbox/faults")
    assert available(client) == before - 10
    again = hold(client, "lost")
    assert (again.status_code, again.headers["Idempotent-Replay"]) == (200, "true")
    assert available(client) == before - 10


def test_truncated_hangs_up_half_way(client: httpx.Client, url: str) -> None:
    """The length announced is the whole answer's; half of it arrives, then the end."""
    whole = client.get(PROGRAMS).content
    set_faults(client, truncated=1)
    head, _, body = exchange(url, PROGRAMS).partition(b"\r\n\r\n")
    assert f"content-length: {len(whole)}".encode() in head
    assert len(body) == len(whole) // 2


def test_garbled_is_not_json(client: httpx.Client) -> None:
    """A 200 whose body is not JSON."""
    set_faults(client, garbled=1)
    response = client.get(PROGRAMS)
    assert response.status_code == 200
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        response.json()


def test_wrong_types_break_the_contract(client: httpx.Client) -> None:
    """A 200 with JSON of the right outline that the contract does not allow."""
    set_faults(client, wrong_types=1)
    response = client.get(PROGRAMS)
    assert set(response.json()) == {"items", "asOf"}
    with pytest.raises(ValidationError):
        CONTRACT.judge(PROGRAMS, response)


def test_drip_sends_byte_by_byte(client: httpx.Client) -> None:
    """The whole answer arrives, at the pace it was told, and each read stays short."""
    whole = client.get(PROGRAMS).content[:-25]  # without the instant at its end
    set_faults(client, drip_ms_per_byte=1)
    began = time.monotonic()
    response = client.get(PROGRAMS)
    assert response.content.startswith(whole)
    assert time.monotonic() - began >= len(response.content) / 1000


def test_a_quota_throttles(client: httpx.Client) -> None:
    """Over `quota_per_s` calls are 429 with Retry-After."""
    set_faults(client, quota_per_s=1)
    responses = [client.get(PROGRAMS) for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 429, 429]
    assert responses[1].headers["Retry-After"] == "1"


def test_afterwards_it_works_again(client: httpx.Client) -> None:
    """Nothing of the misery outlasts clearing the faults."""
    set_faults(client, reset=1, garbled=1, stall_s=5)
    client.delete("/_sandbox/faults")
    assert CONTRACT.judge(PROGRAMS, client.get(PROGRAMS))["items"]
