"""`retailgraph serve` with several workers, as it is deployed."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import psutil

from tests.running import ASSOCIATE, command, port_said, sandbox_running

QUERY = {"query": '{ product(sku: "SKU-00001") { sku } }'}


def test_two_workers_are_one_gateway(tmp_path: Path) -> None:
    """Each of them answers from one projection, `serve` says what they may keep together, and a signal ends both."""
    with sandbox_running() as sandbox:
        systems = "".join(f'[systems.{role.lower()}]\nurl = "{url}"\n' for role, url in sandbox.urls.items())
        config = tmp_path / "retailgraph.toml"
        config.write_text(
            f"[server]\nport = 0\nworkers = 2\ndrain_linger_s = 0\n{ASSOCIATE}{systems}"
            f'[database]\nurl = "sqlite:///{tmp_path / "retailgraph.db"}"\n'
            "[projection]\ncalls_per_s = 1000\n[cache]\nmemory_max_bytes = 10_000_000\n"
        )
        with command("serve", "--config", str(config)) as process:
            port, line = port_said(process)
            assert '"workers":2' in line
            assert '"cache_memory_max_bytes":20000000' in line
            workers = psutil.Process(process.pid).children()
            assert len(workers) == 2
            clients: list[httpx.Client] = []
            while not all(_connected(worker) for worker in workers):
                assert len(clients) < 200, "one of the workers takes no connections"
                clients.append(httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False))
                answer = clients[-1].post("/graphql", json=QUERY).json()
                assert answer["data"] == {"product": {"sku": "SKU-00001"}}
            for client in clients:
                client.close()
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=30)
            assert process.returncode == 0, said
            assert {'"worker":1' in said, '"worker":2' in said} == {True}


def _connected(worker: psutil.Process) -> bool:
    return any(one.status == "ESTABLISHED" for one in worker.net_connections("tcp"))
