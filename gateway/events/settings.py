"""Who may tell us something, and who is told: the `[events]` section."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from domains.vocabulary import SystemRole
from gateway.events.signatures import WebhookSecret
from gateway.http import address_of
from gateway.sections import SECRET_FILE_BYTES_MAX, Section

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
_SECRETS_MAX = 2
_URL = "an http:// or https:// address without user"


def _read_file(given: Any) -> Any:
    """The lines of `secrets_file` as `secrets`."""
    if not isinstance(given, dict) or given.get("secrets_file") is None:
        return given
    if given.get("secrets"):
        raise ValueError("either secrets or secrets_file, not both")
    path = Path(str(given["secrets_file"]))
    try:
        text = path.read_bytes()[: SECRET_FILE_BYTES_MAX + 1].decode("ascii")
    except (OSError, UnicodeDecodeError) as exc:
        raise ValueError(f"a secrets_file with text that can be read ({exc})") from exc
    return {**given, "secrets": [line.strip() for line in text.splitlines() if line.strip()]}


class Signed(Section):
    """Shared secrets, `whsec_` and base64: two while one is changed for the other. The first signs."""

    secrets: Annotated[tuple[SecretStr, ...], Field(min_length=1, max_length=_SECRETS_MAX)]
    secrets_file: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any) -> Any:
        return _read_file(given)

    @field_validator("secrets")
    @classmethod
    def _can_sign(cls, given: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in given:
            WebhookSecret.parse(secret.get_secret_value())
        return given

    @property
    def keys(self) -> tuple[WebhookSecret, ...]:
        return tuple(WebhookSecret.parse(secret.get_secret_value()) for secret in self.secrets)


class EventSource(Signed):
    """One who may post to /events/<name>. `system` says which system's events these are, and so who translates them."""

    system: SystemRole

    @field_validator("system", mode="before")
    @classmethod
    def _any_case(cls, given: object) -> object:
        return given.upper() if isinstance(given, str) else given


def _told_at(value: object) -> object:
    """Private networks are where many receivers are, and whoever writes settings may call them anyway. What answers at
    a link-local address is the machine's own: credentials of a cloud, which nobody means to tell anything."""
    try:
        parts = urlsplit(value) if isinstance(value, str) and not re.search(r"[\s@]", value) else None
        host, _ = (None, None) if parts is None else (parts.hostname, parts.port)
    except ValueError:
        raise ValueError(_URL) from None
    if parts is None or parts.scheme not in {"http", "https"} or not host:
        raise ValueError(_URL)
    address = address_of(host)
    if address is not None and (address.is_link_local or address.is_multicast or address.is_unspecified):
        raise ValueError(f"{_URL}; not a link-local one, where a cloud keeps its credentials")
    return value


class Webhook(Signed):
    """One who is told the news: each event is posted to `url`, signed as Standard Webhooks says."""

    url: Annotated[str, BeforeValidator(_told_at)] = Field(description=_URL)
    # None: everything. Else the types that are told, such as "retail.order.accepted.v1".
    types: frozenset[str] | None = None
    # The receiver answers within this time, or is asked again later.
    timeout_s: float = Field(default=10.0, gt=0, le=60)


class Events(Section):
    sources: dict[_Name, EventSource] = Field(default_factory=dict)
    webhooks: dict[_Name, Webhook] = Field(default_factory=dict)
    # The name of a Redis Stream, at the address of the cache's store, to which the news is written; None for none.
    stream: str | None = None
    # Entries that the stream keeps, about: some days of a shop that takes 30,000 orders a day.
    stream_max: int = Field(default=100_000, ge=1000)
