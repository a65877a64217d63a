"""Keys are changed while people are served: who holds a good one is never refused, and a bad one not served for long.

Real processes, asked over HTTP by several clients at once; the outside systems are not needed, and not there.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from gateway.cli import app
from tests.gateway.identity.minting import ec_key, issuer_settings, public, token
from tests.running import gateway_running, until

FRESH_S = 1.0
NOWHERE = dict.fromkeys(("ERP", "OMS", "LOYALTY", "CRM"), "http://127.0.0.1:9")
UNLIMITED = "requests_per_s = 1e6\nburst = 1000000\nconcurrent_max = 1000\n"
IDLE = "[projection]\nwait_at_start_s = 0\n[reconcile]\nenabled = false\n" + "".join(
    f"[audiences.limits.{audience}]\n{UNLIMITED}" for audience in ("associate", "partner")
)
SLACK_S = 0.5  # a request that was begun in time is answered somewhat later


@dataclass(frozen=True)
class Answered:
    """One request: what was sent, when, and what came back."""

    what: str
    sent_at: float
    status: int
    code: str | None


@dataclass
class Crowd:
    """Clients that ask without a pause, each with the credential that `credential` hands it."""

    log: list[Answered] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self, *clients: tuple[str, Callable[[], tuple[str, str] | None]]) -> Iterator[None]:
        """`clients` are pairs of a gateway's address and what says what is sent next, and its name; None is a break."""
        threads = [threading.Thread(target=self._ask, args=client) for client in clients]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(timeout=20)

    def _ask(self, url: str, credential: Callable[[], tuple[str, str] | None]) -> None:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as http:
            while not self._over.is_set():
                given = credential()
                if given is None:
                    self._over.wait(0.01)
                    continue
                what, secret = given
                sent_at = time.monotonic()
                answer = http.post(
                    "/graphql", json={"query": "{ __typename }"}, headers={"Authorization": f"Bearer {secret}"}
                )
                errors = answer.json().get("errors")
                code = errors[0]["extensions"]["code"] if errors else None
                self.log.append(Answered(what, sent_at, answer.status_code, code))

    def more(self, what: str, count: int) -> None:
        """Wait until so many more of `what` were answered."""
        before = sum(one.what == what for one in self.log)
        until(lambda: sum(one.what == what for one in self.log) >= before + count or None, f"{count} more of {what}")

    def asked_after(self, moment: float, what: str) -> None:
        """Wait until some `what` was sent after `moment`."""
        until(lambda: any(one.what == what and one.sent_at > moment for one in self.log[-200:]) or None, what)


class KeySet:
    """A key set, published on loopback."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.asked_at: list[float] = []

    @contextmanager
    def published(self) -> Iterator[str]:
        whole = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                whole.asked_at.append(time.monotonic())
                body = json.dumps(whole.document).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/jwks"
            finally:
                server.shutdown()
                thread.join()


def signed(key: ECKey, **beside: Any) -> str:
    now = int(time.time())
    return token(key, "ES256", iat=now, exp=now + 600, **beside)


def test_an_issuers_keys_are_rotated_under_load(tmp_path: Path) -> None:
    """While an issuer publishes a new key, signs with it at once, and takes the old one back, and while somebody else
    sends made-up key names, no good token is refused, no token of the old key is served after `fresh_s`, and the issuer
    is asked no more often than said."""
    old, new, published = ec_key("old"), ec_key("new"), KeySet()
    published.document = public(old)
    numbers = itertools.count()
    good: list[ECKey] = [old]
    gone: list[str] = []

    def valid() -> tuple[str, str]:
        number = next(numbers)
        key = good[number % len(good)]
        # Some tokens are new to the gateway, most it has seen before.
        return f"good {key.kid}", signed(key, jti=str(number if number % 5 == 0 else number % 7))

    def guess() -> tuple[str, str]:
        return "guess", signed(old, header={"kid": f"guess-{next(numbers)}"})

    def withdrawn() -> tuple[str, str] | None:
        return ("gone", gone[next(numbers) % len(gone)]) if gone else None

    with ExitStack() as stack:
        url = stack.enter_context(published.published())
        issuer = issuer_settings(
            jwks_url=url, algorithms=["ES256"], fresh_s=FRESH_S, stale_max_s=10, refetch_every_s=0.25
        )
        extra = IDLE + "[[identity.issuers]]\n" + "".join(f"{key} = {json.dumps(v)}\n" for key, v in issuer.items())
        gateway = str(stack.enter_context(gateway_running(NOWHERE, tmp_path, extra)).http.base_url)
        crowd = Crowd()
        stack.enter_context(crowd.asking(*((gateway, valid) for _ in range(3)), (gateway, guess), (gateway, withdrawn)))
        crowd.more("good old", 100)
        published.document = public(old, new)
        good.append(new)  # at once, while guesses use up the fetches
        crowd.more("good new", 100)
        tokens = [signed(old, jti=str(number)) for number in range(5)]
        good.remove(old)
        crowd.more("good new", 20)  # what was under way with the old one is answered
        published.document = public(new)
        withdrawn_at = time.monotonic()
        gone.extend(tokens)
        crowd.asked_after(withdrawn_at + 2 * FRESH_S + SLACK_S, "gone")
    assert {one.status for one in crowd.log if one.what.startswith("good")} == {200}
    assert {(one.status, one.code) for one in crowd.log if one.what == "guess"} <= {(401, "UNAUTHENTICATED")}
    late = [one for one in crowd.log if one.what == "gone" and one.sent_at > withdrawn_at + FRESH_S]
    assert late
    assert {one.status for one in late} == {401}
    # Asked every 0.25 s at most, heard a little earlier or later on a busy machine.
    heard = published.asked_at
    assert len(heard) > 5
    assert all(after - before > 5 * 0.25 - 0.5 for before, after in zip(heard, heard[5:], strict=False))


def keys(*arguments: str, config: Path) -> Any:
    """What a `retailgraph keys` command says, as JSON."""
    done = CliRunner().invoke(app, ["keys", *arguments, "--json", "--config", str(config)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def holder(what: str, held: list[str]) -> Callable[[], tuple[str, str] | None]:
    """Sends the key that is held, once there is one."""
    return lambda: (what, held[0]) if held else None


def test_api_keys_are_rotated_and_revoked_under_load(tmp_path: Path) -> None:
    """Two gateways share a database. A new key works at once on both; the old one works beside it; once it is revoked,
    neither serves it after `fresh_s`, and the new one is never refused."""
    database = f'[database]\nurl = "sqlite:///{tmp_path / "shared.db"}"\n[identity.keys]\nfresh_s = {FRESH_S}\n'
    first: list[str] = []
    second: list[str] = []
    with ExitStack() as stack:
        urls = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            running = stack.enter_context(gateway_running(NOWHERE, tmp_path / name, IDLE + database))
            urls.append(str(running.http.base_url))
        config = tmp_path / "one" / "retailgraph.toml"
        made = keys("create", "--audience", "partner", "--subject", "acme", config=config)
        crowd = Crowd()
        held = {"first": first, "second": second}
        stack.enter_context(
            crowd.asking(*((url, holder(f"{name} at {url}", held[name])) for url in urls for name in held))
        )
        first.append(made["token"])
        for url in urls:
            crowd.more(f"first at {url}", 30)
        second.append(keys("rotate", "acme", config=config)["token"])
        for url in urls:
            crowd.more(f"second at {url}", 30)
            crowd.more(f"first at {url}", 10)
        revoking_at = time.monotonic()
        said = keys("revoke", made["id"], config=config)
        revoked_at = time.monotonic()
        assert said == {"revoked": [made["id"]], "refusedWithinS": FRESH_S}
        for url in urls:
            crowd.asked_after(revoked_at + 2 * FRESH_S + SLACK_S, f"first at {url}")
    assert {one.status for one in crowd.log if one.what.startswith("second")} == {200}
    assert {
        one.status for one in crowd.log if one.what.startswith("first") and one.sent_at < revoking_at - SLACK_S
    } == {200}
    for url in urls:
        late = [one for one in crowd.log if one.what == f"first at {url}" and one.sent_at > revoked_at + FRESH_S]
        assert late
        assert {one.status for one in late} == {401}
