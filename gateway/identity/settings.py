"""Who may ask, and what proves it: the `[identity]` section."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from gateway.identity.callers import HEADER_CHARACTERS_MAX
from gateway.identity.issuers import ClaimNames
from gateway.identity.jwks import VerificationKey, shared_secret
from gateway.identity.keyring import RingPolicy
from gateway.sections import SECRET_FILE_BYTES_MAX, Section

AUDIENCES = ("storefront", "mobile", "partner", "associate", "operations")
"""The kinds of caller, the narrowest first. What stands behind a slash, as in partner/acme, is a kind within a kind."""

RESERVED = "urn:retailgraph:"
"""What `iss` begins with in tokens of the demo: no deployment can be told to believe them."""

Algorithm = Literal["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519", "HS256"]

_AUDIENCE = f"one of {', '.join(AUDIENCES)}, or partner/<name> and the like"
_DIGEST = "the SHA-256 digest of a token: 64 hexadecimal digits"
_URL = "an https:// address; http:// only on this machine, for whoever can change the answer can be anybody"
_HERE = {"localhost", "127.0.0.1", "::1"}


def is_audience(value: object) -> bool:
    """Whether `value` is the name of a kind of caller."""
    if not isinstance(value, str):
        return False
    kind, slash, within = value.partition("/")
    return kind in AUDIENCES and (not slash or re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", within) is not None)


def _audience(value: object) -> object:
    if not is_audience(value):
        raise ValueError(_AUDIENCE)
    return value


Audience = Annotated[str, BeforeValidator(_audience)]


def _digest(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ValueError(_DIGEST)
    return value.lower()


def _listed(value: object) -> object:
    """A list in the environment is JSON text."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("a list of tables; in the environment, a JSON array") from None
    return value


def _safe_url(value: object) -> object:
    parts = urlsplit(value) if isinstance(value, str) else None
    if value is None or parts is None:
        return value
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)
    if not safe or not parts.hostname or "@" in parts.netloc:
        raise ValueError(_URL)
    return value


class Token(Section):
    """One static bearer token and whom it stands for."""

    # Never the token itself: a settings file is read by more people than may use the token.
    sha256: Annotated[str, BeforeValidator(_digest)] = Field(description=_DIGEST, repr=False)
    # Written to logs, so a name and not an e-mail address.
    subject: str
    # The narrowest audience: wider ones are asked for by name.
    audience: Audience = "storefront"
    # Those of the audience's `scopes_on_request` count; what it has in any case need not be named.
    scopes: frozenset[str] = frozenset()
    # The customer who speaks, when it is one.
    customer: str | None = None
    # The store an associate works at; returns are authorised and received there, and nowhere else.
    store: str | None = None
    # The region whose customers are asked about; [systems.crm.regions].
    region: str | None = None
    # Where a partner's orders are placed: it sees those and no others.
    channel: str | None = None


class Anonymous(Section):
    """Who speaks when nobody says who they are."""

    # The narrowest audience: a visitor of the shop without an account.
    audience: Audience = "storefront"
    scopes: frozenset[str] = frozenset()
    # For a demo or a till behind a network of its own; anywhere else these two hand a customer's data to strangers.
    customer: str | None = None
    store: str | None = None
    region: str | None = None
    channel: str | None = None


class IssuerSettings(Section):
    """One whose signed tokens count. Exactly one of `jwks_url`, `jwks_file` and `secret_file`."""

    # Stands before the subjects of its callers, in logs and wherever something is kept for them.
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$", description="lower-case letters, digits and hyphens")
    # What `iss` must say, to the letter.
    issuer: str = Field(min_length=1)
    # What `aud` must say, alone or among others: a token for another service is none for us.
    audience: str = Field(min_length=1)
    jwks_url: Annotated[str | None, BeforeValidator(_safe_url)] = Field(default=None, description=_URL)
    jwks_file: Path | None = None
    # At least 32 bytes. Whoever can check such a token can also make one, so only where no keys are published.
    secret_file: Path | None = None
    # The one that nearly all issuers sign with. HS256 belongs to a secret_file, and there alone: beside published keys
    # it would let anybody sign with what is published.
    algorithms: frozenset[Algorithm] = Field(default=frozenset({"RS256"}), min_length=1)
    # Clocks that are set by NTP are within a second; half a minute forgives one that is not.
    leeway_s: int = Field(default=30, ge=0, le=300)
    # A key that was taken out of the set is refused after this at the latest. Issuers publish keys hours ahead of use.
    fresh_s: float = Field(default=300.0, gt=0)
    # While the issuer is away: it makes no tokens then, and those it made seldom last longer than an hour.
    stale_max_s: float = Field(default=3600.0, gt=0)
    # For names of keys that are not in the set: one request in a second is no load for anybody.
    refetch_every_s: float = Field(default=1.0, gt=0)
    # Somebody may be waiting, and has 5 s in all.
    timeout_s: float = Field(default=2.0, gt=0)
    # The kinds of caller it may speak for, each with those within it. The narrowest alone, until somebody says more.
    audiences: frozenset[Audience] = Field(default=frozenset({"storefront"}), min_length=1)
    # What a token is that does not say.
    otherwise: Audience = "storefront"
    # By the client it was made for (`azp`, else `client_id`); stands above what a claim says.
    by_client: dict[str, Audience] = Field(default_factory=dict)
    # Names of claims; the defaults belong to no standard, and so to nobody else.
    claims: ClaimNames = ClaimNames()

    @model_validator(mode="after")
    def _can_be_believed(self) -> Self:
        sources = [source for source in (self.jwks_url, self.jwks_file, self.secret_file) if source is not None]
        if len(sources) != 1:
            raise ValueError("exactly one of jwks_url, jwks_file and secret_file")
        if ("HS256" in self.algorithms) != (self.secret_file is not None) or (
            self.secret_file is not None and len(self.algorithms) > 1
        ):
            raise ValueError('algorithms = ["HS256"] with a secret_file, and never beside a jwks_url or jwks_file')
        if self.issuer.startswith(RESERVED):
            raise ValueError(f"an issuer other than {RESERVED}..., which are of the demo and cannot be trusted here")
        named = {self.otherwise, *self.by_client.values()}
        if not named <= self.audiences | {kind for kind in named if kind.partition("/")[0] in self.audiences}:
            raise ValueError("otherwise and by_client name kinds of caller that are among audiences")
        if not self.refetch_every_s <= self.fresh_s <= self.stale_max_s:
            raise ValueError("refetch_every_s at most fresh_s, and fresh_s at most stale_max_s")
        if self.secret_file is not None:
            _read_secret(self.secret_file)
        return self

    @property
    def secret(self) -> VerificationKey | None:
        """The key in `secret_file`."""
        return None if self.secret_file is None else _read_secret(self.secret_file)

    @property
    def policy(self) -> RingPolicy:
        return RingPolicy(fresh_s=self.fresh_s, stale_max_s=self.stale_max_s, refetch_every_s=self.refetch_every_s)


class ApiKeySettings(Section):
    """How far a process trusts what it last read of the API keys. They are made by `retailgraph keys`."""

    # A revoked key is refused after this at the latest. Reading all of them takes some milliseconds.
    fresh_s: float = Field(default=5.0, gt=0)
    # While the database is away. After that nobody with an API key is answered: it may have been revoked.
    stale_max_s: float = Field(default=30.0, gt=0)
    # For ids that were not there: a new key works at once, and guesses cost one query a second.
    refetch_every_s: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.refetch_every_s <= self.fresh_s <= self.stale_max_s:
            raise ValueError("refetch_every_s at most fresh_s, and fresh_s at most stale_max_s")
        return self

    @property
    def policy(self) -> RingPolicy:
        return RingPolicy(fresh_s=self.fresh_s, stale_max_s=self.stale_max_s, refetch_every_s=self.refetch_every_s)


class Identity(Section):
    anonymous: Anonymous = Anonymous()
    # None: everyone is the anonymous caller.
    tokens: Annotated[tuple[Token, ...], BeforeValidator(_listed)] = ()
    issuers: Annotated[tuple[IssuerSettings, ...], BeforeValidator(_listed)] = Field(default=(), max_length=16)
    keys: ApiKeySettings = ApiKeySettings()
    # Larger than any token that was meant; what is longer is not even looked at.
    header_characters_max: int = Field(default=HEADER_CHARACTERS_MAX, ge=1024)
    # Some 10 MiB; the signature of a token that fell out is checked again, in some 0.05 ms.
    verdicts_max: int = Field(default=10_000, ge=1)
    # A verdict ends by itself with its token and its key. This only makes room.
    verdict_s: float = Field(default=300.0, gt=0)

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Self:
        for of in ("name", "issuer"):
            if len({getattr(each, of) for each in self.issuers}) < len(self.issuers):
                raise ValueError(f"issuers that differ in their {of}")
        if any(each.name == "key" for each in self.issuers):
            raise ValueError('an issuer with another name than "key", which is of API keys')
        return self


def _read_secret(path: Path) -> VerificationKey:
    """Raises ValueError, which never says what stands there."""
    try:
        with path.open("rb") as file:
            content = file.read(SECRET_FILE_BYTES_MAX + 1)
    except OSError as exc:
        raise ValueError(f"a secret_file that can be read ({exc.strerror})") from exc
    return shared_secret(content.strip())
