"""Every setting of a deployment, typed, with its default and the reason for it. Read once, at the start.

One TOML file and the environment: `RETAILGRAPH_SERVER__PORT=80` is `port` under `[server]`, and wins over the file.
`example.toml` beside this file shows every key. What is wrong is said by `SettingsError`, one line per problem.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from domains.upstream import DEFAULTS, WirePolicy
from domains.vocabulary import SystemRole
from gateway.complaints import SettingsError, complaints, unknown_key
from gateway.http import HttpSettings
from gateway.limits import DocumentLimits
from gateway.policies import KEPT, Freshness

CONFIG_VARIABLE = "RETAILGRAPH_CONFIG"
ENV_PREFIX = "RETAILGRAPH_"
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


class Settings(BaseSettings):
    """A deployment. Made by `load`, or by hand in tests."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, env_prefix=ENV_PREFIX, env_nested_delimiter="__"
    )

    server: Server = Server()
    http: HttpSettings = HttpSettings()
    limits: DocumentLimits = DocumentLimits()
    systems: Systems
    cache: Cache = Cache()
    identity: Identity = Identity()
    logs: Logs = Logs()
    explorer: Explorer = Explorer()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library calls it by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then the file. No `.env` and no secret directories: two places are enough to look in."""
        return env_settings, init_settings


def load(path: Path | None = None) -> Settings:
    """The settings of `path`, or of the file that RETAILGRAPH_CONFIG names, under those of the environment.

    Raises SettingsError with every problem found.
    """
    named = path or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    return build(_parsed(named) if named else {})


def build(given: Mapping[str, Any]) -> Settings:
    """The settings that `given` (the content of a file) and the environment make. Raises SettingsError."""
    strays = _strays()
    try:
        settings = Settings(**given)
    except UnreadableVariable as exc:
        raise SettingsError(*strays, f"a variable is not JSON, and a whole section in one must be: {exc}") from None
    except ValidationError as exc:
        raise SettingsError(*strays, *complaints(Settings, exc, ENV_PREFIX)) from None
    if strays:
        raise SettingsError(*strays)
    return settings


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"the file {path} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"the file {path} is not TOML: {exc}") from exc


def _strays() -> list[str]:
    """Variables that look like settings and would otherwise be ignored in silence."""
    sections = sorted(Settings.model_fields)
    found = []
    for name in sorted(os.environ):
        key = name.removeprefix(ENV_PREFIX).lower().split("__")
        if name.startswith(ENV_PREFIX) and name != CONFIG_VARIABLE and key[0] not in sections:
            found.append(f"{unknown_key((key[0],), sections)} (from {name})")
    return found
