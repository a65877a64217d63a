"""The services as processes: started together, stopped one by one, and never left behind."""

import base64
import json
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psutil
import pytest

from domains.sandbox import ROLES, Sandbox, SandboxFailed

GONE_TIMEOUT_S = 5


def service_at(url: str) -> str:
    """The role that answers at `url`."""
    name: str = httpx.get(f"{url}/_sandbox/health", timeout=5, trust_env=False).json()["service"]
    return name


def test_four_services_in_four_processes() -> None:
    """Each role answers at its own address from its own process; one can fail and come back; close leaves none."""
    with Sandbox.start(latency_scale=0) as sandbox:
        urls, pids = sandbox.urls, sandbox.pids
        assert {role: service_at(url) for role, url in urls.items()} == {role: role for role in ROLES}
        assert len(set(pids.values())) == 4
        sandbox.stop("ERP")
        with pytest.raises(httpx.ConnectError):
            service_at(urls["ERP"])
        assert service_at(urls["OMS"]) == "OMS"
        sandbox.start_again("ERP")
        assert sandbox.urls == urls
        assert service_at(urls["ERP"]) == "ERP"
        pids.update(sandbox.pids)
        assert sandbox.ended() == []
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    with pytest.raises(httpx.ConnectError):
        service_at(urls["OMS"])


def test_all_services_know_the_same_world() -> None:
    """A customer of the CRM has an account at the ERP under the same id, because both built the same world."""
    with Sandbox.start({"ERP": 0, "CRM": 0}, seed=3, latency_scale=0) as sandbox:
        asked = {"customerIds": ["cust-00001"]}
        paths = {"ERP": "/v1/accounts/lookup", "CRM": "/v1/customers/lookup"}
        found = {
            role: httpx.post(url + paths[role], json=asked, timeout=5, trust_env=False).json()["items"]
            for role, url in sandbox.urls.items()
        }
    assert found["ERP"][0]["customerId"] == found["CRM"][0]["id"] == "cust-00001"


@contextmanager
def receiver() -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    """An address that takes every event, and the events it took."""
    taken: queue.Queue[dict[str, Any]] = queue.Queue()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", taken
        server.shutdown()
        thread.join()


def test_each_service_sends_events() -> None:
    """Every service, in its own process, tells the webhook it was given what its knobs change."""
    secret = f"whsec_{base64.b64encode(bytes(32)).decode()}"
    price = {"amount": "1.25", "currencyCode": "EUR"}
    knobs: dict[str, tuple[str, dict[str, Any], str]] = {
        "ERP": ("products", {"sku": "SKU-00001", "listPrice": price}, "erp.product.changed"),
        "OMS": ("orders/ord-000010/ship", {}, "oms.order.changed"),
        "LOYALTY": ("balances", {"membershipId": "mem-00001", "points": 5}, "loyalty.balance.changed"),
        "CRM": ("customers", {"customerId": "cust-00001", "region": "eu-south"}, "crm.customer.changed"),
    }
    with receiver() as (url, taken), Sandbox.start(latency_scale=0) as sandbox:
        for role, (knob, body, type_) in knobs.items():
            at = f"{sandbox.urls[role]}/_sandbox"
            httpx.post(f"{at}/webhook", json={"url": url, "secret": secret}, timeout=5, trust_env=False)
            answer = httpx.post(f"{at}/{knob}", json=body, timeout=5, trust_env=False)
            assert answer.status_code == 200, answer.text
            event = taken.get(timeout=5)
            assert (event["type"], event["source"]) == (type_, f"/sandbox/{role.lower()}")
            assert event["data"]["sequence"] == event["sequence"]


def sandboxes() -> set[int]:
    """The process ids of our own services."""
    return {child.pid for child in psutil.Process().children() if "domains.sandbox" in child.cmdline()}


def test_a_taken_port_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """A port that is in use is a SandboxFailed that names role and port, at once, and nothing stays behind."""
    before = sandboxes()  # those of a suite that is still under way
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxFailed, match=f"CRM on port {port} ended"):
            Sandbox.start({"CRM": port}, latency_scale=0)
    assert "address already in use" in capfd.readouterr().err
    assert sandboxes() <= before


def test_unknown_roles_are_refused() -> None:
    """Only the four roles can be started."""
    with pytest.raises(ValueError, match="WMS"):
        Sandbox.start({"WMS": 0})


@contextmanager
def running_command(*only: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m domains.sandbox`, once all its services have told their address."""
    command = [sys.executable, "-m", "domains.sandbox", "--port", "0", "--latency-scale", "0", "--only", ",".join(only)]
    # A shell that runs the tests in the background ignores Ctrl-C, and so would every process below it.
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, ours)
    with process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in only]
            assert [line.split()[0] for line in lines] == list(only)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)])
def test_no_orphans_whatever_ends_the_parent(number: signal.Signals, code: int) -> None:
    """Told to end, interrupted, or killed without a chance to say goodbye: its services end with it, quietly."""
    with running_command("LOYALTY", "CRM") as process:
        assert len(psutil.Process(process.pid).children()) == 2
        process.send_signal(number)
        # The services inherited standard error, so it ends when the last of them does and not before.
        _, said = process.communicate(timeout=GONE_TIMEOUT_S)
        assert (process.returncode, said) == (code, "")
