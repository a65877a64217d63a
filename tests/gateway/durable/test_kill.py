"""Workers killed without warning, with their steps' effects counted outside."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from domains.durable import FlowQuery, FlowState, Submission
from gateway.durable import Worker, open_journal
from tests.gateway.durable.labourer import POLICY, barter
from tests.gateway.durable.shop import Sale, write
from tests.running import ROOT

SALES, KILLS, LIMIT_S = 12, 3, 60.0


class Outside:
    """Counts effects by their keys, and kills whoever caused the ones of `deadly`, before they hear of it."""

    def __init__(self, deadly: list[int]) -> None:
        self.effects: Counter[str] = Counter()
        self.killed = threading.Semaphore(0)
        self.victim: subprocess.Popen[bytes] | None = None
        self._deadly = deadly
        self._lock = threading.Lock()

    def post(self, path: str) -> int:
        """Its effect; the keyed system's only when the key is new. Answers the status."""
        with self._lock:
            if not (path.startswith("/keyed/") and self.effects[path]):
                self.effects[path] += 1
                if self._deadly and self.effects.total() >= self._deadly[0] and self.victim is not None:
                    self._deadly.pop(0)
                    self.victim.kill()
                    self.victim = None
                    self.killed.release()
        return 200

    def get(self, path: str) -> int:
        with self._lock:
            return 200 if self.effects[path] else 404


@contextmanager
def serving(outside: Outside) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer(outside.post(self.path))

        def do_GET(self) -> None:
            self._answer(outside.get(self.path))

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Nothing: whoever was killed does not read."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A connection of somebody who was killed."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=LIMIT_S)


@contextmanager
def labourer(url: str, server: str) -> Iterator[subprocess.Popen[bytes]]:
    arguments = [sys.executable, "-m", "tests.gateway.durable.labourer", url, server]
    with subprocess.Popen(arguments, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


async def finish(url: str, server: str) -> None:
    """Do what is left, here, until every flow is complete."""
    query = FlowQuery(100)
    async with (
        httpx.AsyncClient(base_url=server, trust_env=False) as http,
        open_journal(url, [barter(http)], POLICY) as journal,
        asyncio.timeout(LIMIT_S),
    ):
        worker, states = Worker(journal), set[FlowState]()
        while states != {FlowState.COMPLETED}:
            await worker.look()
            await worker.settled()
            page = (await journal.durable.flows_about(frozenset({query})))[query].value
            states = {flow.state for flow in page.items}


async def test_killed_at_any_moment_each_write_has_one_effect(url: str) -> None:
    """Workers are killed between an effect and its answer, three times; others take over, every flow comes to its
    end, and each keyed write has had its effect exactly once."""
    outside = Outside(sorted(random.sample(range(1, 2 * SALES - 4), KILLS)))
    async with httpx.AsyncClient() as nobody, open_journal(url, [barter(nobody)], POLICY) as journal:
        for sale in map(str, range(SALES)):
            submission = Submission(flow_id=f"flow-{sale}", kind="barter", command=Sale(id=sale), correlation_id="")
            await journal.durable.settle(write(sale), b"null", submission)
        with serving(outside) as server:
            for _ in range(KILLS):
                with labourer(url, server) as process:
                    outside.victim = process
                    assert outside.killed.acquire(timeout=LIMIT_S)
                    assert process.wait(timeout=LIMIT_S) == -9
            await finish(url, server)
        keys = [
            (path, f"flow-{sale}:{step}")
            for sale in range(SALES)
            for path, step in (("naive", "post"), ("keyed", "thank"))
        ]
        assert outside.effects == {f"/{path}/{key}": 1 for path, key in keys}
