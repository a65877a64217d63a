"""The sections of a deployment's settings: every key, its default, and the reason for it.

`example.toml` beside this file shows every key; `settings.py` reads them.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from domains.inventory import PromiseKeys
from domains.upstream import GatheringPolicy
from gateway.complaints import unknown_key
from gateway.durable import QUOTAS, JournalPolicy, Quota
from gateway.http import ForwardedBy, TrustedProxies
from gateway.policies import KEPT, Freshness
from gateway.promises import read_keys

SECRET_FILE_BYTES_MAX = 16 * 1024  # a bearer token with claims has some 2 KiB; a certificate bundle is a mistake


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _complete_freshness(given: object) -> object:
    """Lay the numbers that were given over the defaults, so that each is written down once."""
    if not isinstance(given, dict):
        return given
    for name in given:
        if name not in KEPT:
            raise ValueError(unknown_key((name,), sorted(KEPT)))
    return {name: asdict(kept.freshness) | given.get(name, {}) for name, kept in KEPT.items()}


def _complete_quotas(given: object) -> object:
    """Likewise for the quotas of outside systems."""
    if not isinstance(given, dict):
        return given
    names = {role.value.lower(): role for role in QUOTAS}
    for name in given:
        if name not in names:
            raise ValueError(unknown_key((name,), sorted(names)))
    return {name: asdict(QUOTAS[role]) | given.get(name, {}) for name, role in names.items()}


def _read_url(given: object) -> object:
    """The content of `url_file` as `url`."""
    if not isinstance(given, dict) or given.get("url_file") is None:
        return given
    if given.get("url") is not None:
        raise ValueError("either url or url_file, not both")
    path = Path(str(given["url_file"]))
    try:
        with path.open("rb") as file:
            content = file.read(SECRET_FILE_BYTES_MAX + 1)
        text = content.decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"a url_file with text that can be read, which {path} is not") from None
    if not text or len(content) > SECRET_FILE_BYTES_MAX:
        raise ValueError(f"a url_file with 1 to {SECRET_FILE_BYTES_MAX} bytes, which {path} has not")
    return {**given, "url": text}


_PROXIES = 'addresses such as "10.0.0.7", networks such as "10.0.0.0/8", or "unix"'


def _proxies(given: object) -> object:
    """A list in the environment is JSON text, or one of them alone."""
    if isinstance(given, str):
        given = json.loads(given) if given.startswith("[") else [given]
    if isinstance(given, list | tuple):
        try:
            TrustedProxies.parse(given)
        except (TypeError, ValueError):
            raise ValueError(_PROXIES) from None
    return given


class Server(Section):
    # This machine only: a gateway that nobody asked to be public is not. Containers set 0.0.0.0.
    host: str = "127.0.0.1"
    # The usual port of a development server, not taken by any system service. 0 takes any free one.
    port: int = Field(default=8000, ge=0, le=65535)
    # Processes that answer on the one port. Python uses one core in each; every one has breakers, a cache and slots of
    # its own, so that as few as there are cores suffice.
    workers: int = Field(default=1, ge=1, le=64)
    # After the first signal requests are still taken while /readyz says 503: two probes of 2 s and some routing time.
    drain_linger_s: float = Field(default=5.0, ge=0)
    # Then what runs may end. Kubernetes kills 30 s after the signal; this leaves 5 of them.
    drain_timeout_s: float = Field(default=20.0, ge=0)
    # Whose word counts about who asks, and by which scheme: addresses, networks, or "unix". Nobody's: a header that
    # anybody can send says nothing.
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_proxies)] = Field(default=(), description=_PROXIES)
    # The one header that they write. A proxy that knows the one passes the other on as its client made it up.
    forwarded_by: ForwardedBy = "x-forwarded-for"
    # A year, as browsers' preload lists want it; sent with what came by https alone. 0 sends it never.
    hsts_max_age_s: int = Field(default=31_536_000, ge=0)

    @property
    def proxies(self) -> TrustedProxies:
        return TrustedProxies.parse(self.trusted_proxies)


class Cache(Section):
    # Off, every request asks the outside systems: to see what a query costs, not to serve customers.
    enabled: bool = True
    # None: each process remembers for itself. Redis or Valkey, shared by all of them; may hold a password.
    url: SecretStr | None = None
    # Where `url` stands instead.
    url_file: Path | None = None
    # Some 50,000 products with their stock; a worker of 200 MiB has room for it.
    memory_max_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    # Per read, each with its reason: gateway/policies.py.
    freshness: Annotated[dict[str, Freshness], BeforeValidator(_complete_freshness), Field(validate_default=True)] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any) -> Any:
        return _read_url(given)


_GATHERING = GatheringPolicy()


class GatheringAsks(Section):
    # Reads of many keys, while their system is busy or the process itself: requests that ask at the same moment share a
    # call. Off, each asks by itself: to see what one alone costs a system.
    enabled: bool = True
    # Calls of one read under way, in each process, from which on the next ones gather because the system is busy.
    calls_free: int = Field(default=_GATHERING.calls_free, ge=1, le=1000)
    # How long an ask waits for others at most, when no call ends sooner.
    window_s: float = Field(default=_GATHERING.window_s, gt=0, le=0.1)
    # Turns of the event loop that bring nobody, after which those who gather because the process is busy go out. With 0
    # none of them wait.
    turns: int = Field(default=_GATHERING.turns, ge=0, le=100)

    @property
    def policy(self) -> GatheringPolicy | None:
        """The numbers as the Wire's room has them; None when nothing is to gather."""
        if not self.enabled:
            return None
        return GatheringPolicy(calls_free=self.calls_free, window_s=self.window_s, turns=self.turns)


class Database(Section):
    # A file of this machine, which its processes share. Gateways on several machines share a Postgres:
    # postgresql://user:password@host/name.
    url: SecretStr = SecretStr("sqlite:///retailgraph.db")
    # Where `url` stands instead, for it holds a password.
    url_file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any) -> Any:
        return _read_url(given)


class Projection(Section):
    # An ERP that grants 40 calls a second keeps seven eighths of them for people.
    calls_per_s: float = Field(default=5.0, gt=0)
    # As many as the contract allows.
    page_size: int = Field(default=1000, ge=1, le=1000)
    # What changed; a price is seen within half a minute.
    delta_every_s: float = Field(default=30.0, gt=0)
    # Heals what a feed of changes left out; costs every page of every kind.
    full_every_s: float = Field(default=86_400.0, gt=0)
    # Names and prices change a few times a day.
    products_max_age_s: float = Field(default=600.0, gt=0)
    # Four refreshes; while they fail, stock older than this stands in for nobody.
    positions_max_age_s: float = Field(default=120.0, gt=0)
    # A new deployment reads its first products in a second or two; one whose ERP is away opens all the same.
    wait_at_start_s: float = Field(default=10.0, ge=0)


_JOURNAL = JournalPolicy()


class Durable(Section):
    """Slow writes: accepted now, done step by step. The reasons of these numbers: gateway/durable/policy.py."""

    # One process is a whole deployment. Where requests must not share a processor with steps, `retailgraph work` runs
    # as many workers as there are to be.
    workers_in_serve: bool = True
    steps_at_once: int = Field(default=_JOURNAL.steps_at_once, ge=1)
    step_timeout_s: float = Field(default=_JOURNAL.step_timeout_s, gt=0)
    lease_s: float = Field(default=_JOURNAL.lease_s, gt=0)
    alarm_after_s: float = Field(default=_JOURNAL.alarm_after_s, gt=0)
    flows_max: int = Field(default=_JOURNAL.flows_max, ge=1)
    keep_days: float = Field(default=_JOURNAL.keep_s / 86_400, gt=0)
    news_keep_days: float = Field(default=_JOURNAL.news_keep_s / 86_400, gt=0)
    # A day is promised to whoever repeats a write.
    ledger_keep_h: float = Field(default=_JOURNAL.ledger_keep_s / 3600, ge=24)
    quotas: Annotated[dict[str, Quota], BeforeValidator(_complete_quotas), Field(validate_default=True)] = {}

    @model_validator(mode="after")
    def _outlasts_a_step(self) -> Self:
        if self.lease_s <= self.step_timeout_s:
            raise ValueError("a lease_s above step_timeout_s: a step that is still done would be begun by another")
        return self

    @property
    def policy(self) -> JournalPolicy:
        """The journal's own numbers under these."""
        return JournalPolicy(
            steps_at_once=self.steps_at_once,
            step_timeout_s=self.step_timeout_s,
            lease_s=self.lease_s,
            alarm_after_s=self.alarm_after_s,
            flows_max=self.flows_max,
            keep_s=self.keep_days * 86_400,
            news_keep_s=self.news_keep_days * 86_400,
            ledger_keep_s=self.ledger_keep_h * 3600,
            quotas={role: self.quotas[role.value.lower()] for role in QUOTAS},
        )


class PromiseSigning(Section):
    # None: a key made up at the start, good for one process and as long as it runs.
    keys_file: Path | None = None
    # A basket is filled and paid in ten minutes; stock promised for longer is kept from others.
    ttl_s: float = Field(default=600.0, gt=0, le=3600)

    @property
    def keys(self) -> PromiseKeys | None:
        """The keys of the file."""
        return None if self.keys_file is None else read_keys(self.keys_file)

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if self.keys_file is not None:
            read_keys(self.keys_file)
        return self


class Logs(Section):
    # One line per request and per breaker change; "debug" adds a line per outside call.
    level: Literal["debug", "info", "warning", "error"] = "info"
    # What log collectors read. "console" is for people.
    format: Literal["json", "console"] = "json"


class Metrics(Section):
    # /metrics, in the format of Prometheus. Its port is the public one, so that it is asked for by name; the proxy in
    # front is to keep it from others.
    enabled: bool = False


class Engine(Section):
    # Operations that come again are compiled to Python. Off, graphql-core executes all of them: to tell which of the
    # two is at fault when an answer is wrong.
    compiled: bool = True


class Explorer(Section):
    # The page at /. It has no more rights than the visitor's own token, and new users start there.
    enabled: bool = True
    # Whether the schema may be read, by introspection and at /schema.graphql. What it names is guarded where it is
    # answered; hiding names protects nobody and costs every client its tools.
    introspection: bool = True
