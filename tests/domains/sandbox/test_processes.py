"""The services as processes: started together, stopped one by one, and never left behind."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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


def test_a_taken_port_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """A port that is in use is a SandboxFailed that names role and port, at once, and nothing stays behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxFailed, match=f"CRM on port {port} ended"):
            Sandbox.start({"CRM": port}, latency_scale=0)
    assert "address already in use" in capfd.readouterr().err
    assert not [child for child in psutil.Process().children() if "domains.sandbox" in child.cmdline()]


def test_unknown_roles_are_refused() -> None:
    """Only the four roles can be started."""
    with pytest.raises(ValueError, match="WMS"):
        Sandbox.start({"WMS": 0})


@contextmanager
def running_command(*only: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m domains.sandbox`, once all its services have told their address."""
    command = [sys.executable, "-m", "domains.sandbox", "--port", "0", "--latency-scale", "0", "--only", ",".join(only)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
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
