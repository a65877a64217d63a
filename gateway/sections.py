"""The sections of a deployment's settings: every key, its default, and the reason for it.

`example.toml` beside this file shows every key; `settings.py` reads them.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from domains.inventory import PromiseKeys
from domains.upstream import DEFAULTS, WirePolicy
from domains.vocabulary import SystemRole
from gateway.complaints import unknown_key
from gateway.policies import KEPT, Freshness
from gateway.promises import read_keys

SECRET_FILE_BYTES_MAX = 16 * 1024  # a bearer token with claims has some 2 KiB; a certificate bundle is a mistake
_ADDRESS = "an http:// or https:// address without user, query or fragment, such as https://oms.internal:8443"
_DIGEST = "the SHA-256 digest of a token: 64 hexadecimal digits"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _address(value: object) -> object:
    """An address we can append paths to. Credentials in addresses end up in logs, so they have a key of their own."""
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(_ADDRESS)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(_ADDRESS)
    return parts.geturl().rstrip("/")


def _digest(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ValueError(_DIGEST)
    return value.lower()


def _complete_freshness(given: object) -> object:
    """Lay the numbers that were given over the defaults, so that each is written down once."""
    if not isinstance(given, dict):
        return given
    for name in given:
        if name not in KEPT:
            raise ValueError(unknown_key((name,), sorted(KEPT)))
    return {name: asdict(kept.freshness) | given.get(name, {}) for name, kept in KEPT.items()}


def _listed(value: object) -> object:
    """A list in the environment is JSON text."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("a list of tables; in the environment, a JSON array") from None
    return value


class Server(Section):
    # This machine only: a gateway that nobody asked to be public is not. Containers set 0.0.0.0.
    host: str = "127.0.0.1"
    # The usual port of a development server, not taken by any system service. 0 takes any free one.
    port: int = Field(default=8000, ge=0, le=65535)
    # After the first signal requests are still taken while /readyz says 503: two probes of 2 s and some routing time.
    drain_linger_s: float = Field(default=5.0, ge=0)
    # Then what runs may end. Kubernetes kills 30 s after the signal; this leaves 5 of them.
    drain_timeout_s: float = Field(default=20.0, ge=0)


class System(Section):
    """How one outside system is reached. Exactly one of `token` and `token_file`, or neither."""

    # The open role contracts: what a system speaks that no connector of a vendor's own was chosen for.
    vendor: str = "open"
    # No default: a gateway that guesses where its ERP stands would find somebody else's.
    url: Annotated[str, BeforeValidator(_address)] = Field(description=_ADDRESS)
    # None: the network itself decides who may ask, as in a service mesh.
    token: SecretStr | None = None
    # Read once; a secret that was mounted as a file never shows up in a process list.
    token_file: Path | None = None
    # Per role, each with its reason: domains/upstream/policy.py.
    wire: WirePolicy

    @model_validator(mode="before")
    @classmethod
    def _read_token_file(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("token_file") is None:
            return given
        if given.get("token") is not None:
            raise ValueError("either token or token_file, not both")
        return {**given, "token": _secret(Path(str(given["token_file"])))}


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(SECRET_FILE_BYTES_MAX + 1)
        text = content.decode().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise ValueError(f"a token_file with text that can be read ({exc})") from exc
    if not text or len(content) > SECRET_FILE_BYTES_MAX:
        raise ValueError(f"a token_file with 1 to {SECRET_FILE_BYTES_MAX} bytes, which {path} has not")
    return text


class Systems(Section):
    """The four roles. Each is named: a deployment without an ERP points `erp` at a service that stands in for one."""

    erp: System
    oms: System
    loyalty: System
    crm: System

    @model_validator(mode="before")
    @classmethod
    def _complete_wire(cls, given: Any) -> Any:
        """Lay the numbers that were given over the role's own, so that each is written down once."""
        if not isinstance(given, dict):
            return given
        complete = dict(given)
        for role in SystemRole:
            system = given.get(role.value.lower())
            if isinstance(system, dict) and isinstance(system.get("wire", {}), dict):
                wire = asdict(DEFAULTS[role]) | system.get("wire", {})
                complete[role.value.lower()] = {**system, "wire": wire}
        return complete

    def of(self, role: SystemRole) -> System:
        system: System = getattr(self, role.value.lower())
        return system


class Token(Section):
    """One static bearer token and whom it stands for."""

    # Never the token itself: a settings file is read by more people than may use the token.
    sha256: Annotated[str, BeforeValidator(_digest)] = Field(description=_DIGEST, repr=False)
    # Written to logs, so a name and not an e-mail address.
    subject: str
    # The narrowest audience: wider ones are asked for by name.
    audience: str = "storefront"
    # None: what the audience may see without asking.
    scopes: frozenset[str] = frozenset()
    # The customer who speaks, when it is one.
    customer: str | None = None
    # The store an associate works at; returns are authorised there.
    store: str | None = None


class Cache(Section):
    # Off, every request asks the outside systems: to see what a query costs, not to serve customers.
    enabled: bool = True
    # None: each process remembers for itself. Redis or Valkey, shared by all of them; may hold a password.
    url: SecretStr | None = None
    # Some 50,000 products with their stock; a worker of 200 MiB has room for it.
    memory_max_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    # Per read, each with its reason: gateway/policies.py.
    freshness: Annotated[dict[str, Freshness], BeforeValidator(_complete_freshness), Field(validate_default=True)] = {}


class Database(Section):
    # A file of this machine, which its processes share. Gateways on several machines share a Postgres:
    # postgresql://user:password@host/name.
    url: SecretStr = SecretStr("sqlite:///retailgraph.db")


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
    # A new deployment reads its first products in a second or two; one whose ERP is away opens all the same.
    wait_at_start_s: float = Field(default=10.0, ge=0)


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


class Anonymous(Section):
    """Who speaks when nobody says who they are."""

    # The narrowest audience: a visitor of the shop without an account.
    audience: str = "storefront"
    scopes: frozenset[str] = frozenset()
    # For a demo or a till behind a network of its own; anywhere else these two hand a customer's data to strangers.
    customer: str | None = None
    store: str | None = None


class Identity(Section):
    anonymous: Anonymous = Anonymous()
    # None: everyone is the anonymous caller.
    tokens: Annotated[tuple[Token, ...], BeforeValidator(_listed)] = ()


class Logs(Section):
    # One line per request and per breaker change; "debug" adds a line per outside call.
    level: Literal["debug", "info", "warning", "error"] = "info"
    # What log collectors read. "console" is for people.
    format: Literal["json", "console"] = "json"


class Explorer(Section):
    # The page at /. It has no more rights than the visitor's own token, and new users start there.
    enabled: bool = True
    # Whether the schema may be read, by introspection and at /schema.graphql. What it names is guarded where it is
    # answered; hiding names protects nobody and costs every client its tools.
    introspection: bool = True
