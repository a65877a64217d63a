"""Gateways in this process, asked without a network between: two that share a cache, and one that remembers nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp, Message
from typer.testing import CliRunner

from gateway.app import build_app
from gateway.cli import app as command_line
from gateway.settings import load
from tests.fuzz.people import KEY_OF, TOKENS
from tests.gateway.identity.minting import issuer_settings, public, rsa_key

COLD = "[cache]\nenabled = false\n"
UNBOUNDED = "{ erp = 1000000, oms = 1000000, loyalty = 1000000, crm = 1000000 }"
AUDIENCES = ("storefront", "mobile", "partner", "partner/marketplace", "associate", "operations")
LIMITS = "".join(
    f'[audiences.limits."{name}"]\nrequests_per_s = 1e6\nburst = 1000000\nconcurrent_max = 100000\n'
    f"cost_max = {UNBOUNDED}\nbudget_per_min = {UNBOUNDED}\n"
    for name in AUDIENCES
)
PATIENT = "timeout_s = 20\nslow_call_s = 20\nqueue_timeout_s = 20\nqueue_max = 10000\n"
"""A busy machine must not make answers poorer: that would be compared with answers that are not."""

_HEADERS = {"host": "house", "content-type": "application/json", "accept": "application/graphql-response+json"}


@dataclass(frozen=True)
class Answer:
    """One answer: its status, what a cache between may do with it, and what it says."""

    status: int
    cache_control: str
    body: Mapping[str, Any]

    @property
    def data(self) -> object:
        return self.body.get("data")


class House:
    """An app that is asked directly."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def ask(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """By POST, as whoever these headers make it."""
        sent = [(name.encode(), value.encode()) for name, value in {**_HEADERS, **headers}.items()]
        scope = {
            "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
            "headers": sent, "scheme": "http", "http_version": "1.1", "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip
        given = iter([{"type": "http.request", "body": body, "more_body": False}])
        told: list[Message] = []
        forever = asyncio.Event()

        async def receive() -> Message:
            for message in given:
                return message
            await forever.wait()  # nobody hangs up; whoever waits for that is cancelled with the answer
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            told.append(message)

        await self._app(scope, receive, send)
        cached = dict(told[0]["headers"]).get(b"cache-control", b"").decode()
        return Answer(told[0]["status"], cached, json.loads(b"".join(message["body"] for message in told[1:])))


def made(folder: Path, systems: Mapping[str, str], abroad: str, beside: str) -> Path:
    """The settings of one house. `abroad` is the CRM of the other region, where other people have the same ids."""
    folder.mkdir()
    (folder / "jwks.json").write_text(json.dumps(public(rsa_key())), encoding="utf-8")
    issuer = issuer_settings(algorithms=["RS256"], jwks_file=str(folder / "jwks.json"))
    del issuer["jwks_url"]
    text = "\n".join(
        [
            *(f'[systems.{role.lower()}]\nurl = "{url}"' for role, url in systems.items() if role != "CRM"),
            f'[systems.crm]\nurl = "{systems["CRM"]}"\nregion = "us"\n[systems.crm.regions.eu]\nurl = "{abroad}"',
            f'[database]\nurl = "sqlite:///{folder / "retailgraph.db"}"',
            "[projection]\ncalls_per_s = 1000\ndelta_every_s = 86400\n[reconcile]\nenabled = false",
            "[durable]\nworkers_in_serve = false\n[audit]\nenabled = false",
            *(f"[systems.{role.lower()}.wire]\n{PATIENT}" for role in systems),
            f"[systems.crm.regions.eu.wire]\n{PATIENT}[http]\nrequest_timeout_s = 30",
            LIMITS,
            beside,
            TOKENS,
            "[[identity.issuers]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in issuer.items()),
        ]
    )
    config = folder / "retailgraph.toml"
    config.write_text(text, encoding="utf-8")
    return config


def api_key(config: Path) -> str:
    """A new key of a partner, in the database of a house."""
    asked = ["keys", "create", "--audience", "partner", "--subject", KEY_OF, "--json", "--config", str(config)]
    done = CliRunner().invoke(command_line, asked)
    assert done.exit_code == 0, done.output
    return str(json.loads(done.stdout)["token"])


@asynccontextmanager
async def opened(*configs: Path) -> AsyncIterator[list[House]]:
    """The houses of these settings, open until the context ends."""
    async with AsyncExitStack() as stack:
        houses = []
        for config in configs:
            app = build_app(load(config))
            await stack.enter_async_context(app.router.lifespan_context(app))
            houses.append(House(app))
        yield houses


def counted(systems: Mapping[str, str]) -> int:
    """How often the systems were asked so far."""
    with httpx.Client(trust_env=False, verify=False) as http:
        return sum(sum(http.get(f"{url}/_sandbox/calls").json().values()) for url in systems.values())
