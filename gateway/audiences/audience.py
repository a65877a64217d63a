"""One audience, as its file says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field

from domains.vocabulary import ServingPath
from gateway.http import check_origin
from gateway.identity.settings import Audience as AudienceName
from gateway.limits import AudienceLimits, laid_over
from gateway.sections import Section
from gateway.trouble import CannotStart
from resolvers.directives import MAX_STALE_S
from resolvers.marks import TAGS, PiiKind

_PATHS = ", ".join(path.value for path in ServingPath)
_KINDS = ", ".join(kind.value for kind in PiiKind)
_SCOPE = "a name of printable characters without spaces, such as finance:read"


class UnusableAudiences(CannotStart):
    """Audiences cannot be used as they are written; `problems` says why, a sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["The audiences cannot be used.", *(f"  {one}" for one in self.problems)]))


def _tag(value: object) -> object:
    if value not in TAGS:
        raise ValueError(", ".join(TAGS))
    return value


def _scope(value: object) -> object:
    # RFC 6749, 3.3: no spaces, quotation marks and backslashes.
    if not isinstance(value, str) or not re.fullmatch(r"[!#-\[\]-~]{1,100}", value):
        raise ValueError(_SCOPE)
    return value


def _path(value: object) -> object:
    if not isinstance(value, ServingPath) and value not in {path.value for path in ServingPath}:
        raise ValueError(_PATHS)
    return value


def _kind(value: object) -> object:
    if not isinstance(value, PiiKind) and value not in {kind.value for kind in PiiKind}:
        raise ValueError(_KINDS)
    return value


def _origin(value: object) -> object:
    return check_origin(value) if isinstance(value, str) else value


def _limits(given: object) -> object:
    return laid_over(AudienceLimits(), given)


Scope = Annotated[str, BeforeValidator(_scope)]
Origin = Annotated[str, BeforeValidator(_origin)]


class Masks(Section):
    # Each kind in its own way, unless the caller has the scope pii:read.
    masks: frozenset[Annotated[PiiKind, BeforeValidator(_kind)]] = Field(default=frozenset(), description="a list")


class Cors(Section):
    # Browsers ask nothing across origins until they are named; apps and servers are not asked.
    origins: tuple[Origin, ...] = ()


class Audience(Section):
    """What callers of one kind may see, and on which terms they are served."""

    # One of the five kinds, or a kind within a kind: partner/acme. Who has no file of their own has their kind's.
    name: AudienceName
    # The parts of the schema: resolvers/marks.py says what each holds.
    tags: frozenset[Annotated[str, BeforeValidator(_tag)]] = Field(min_length=1, description="a list of tags")
    # What every caller of it may, whatever their credential says.
    scopes: frozenset[Scope] = Field(default=frozenset(), description="a list of scopes")
    # What a caller may whose credential says so, too. Scopes that are in neither list are worth nothing here.
    scopes_on_request: frozenset[Scope] = Field(default=frozenset(), description="a list of scopes")
    # Whoever is not known to be patient is at the till.
    path: Annotated[ServingPath, BeforeValidator(_path)] = ServingPath.CHECKOUT
    # Whether its callers may read its view, by introspection and at /schema.graphql.
    introspection: bool = True
    # None: as old as the caches have it, or as @maxStale asks.
    max_stale_s: int | None = Field(default=None, ge=0, le=MAX_STALE_S)
    # Each number has its reason in gateway/limits/policy.py.
    limits: Annotated[AudienceLimits, BeforeValidator(_limits)] = AudienceLimits()
    pii: Masks = Masks()
    cors: Cors = Cors()

    @property
    def masks(self) -> frozenset[PiiKind]:
        """The kinds of personal data that its callers see masked."""
        return self.pii.masks

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """The origins whose pages may ask as this audience."""
        return self.cors.origins

    @property
    def trusted_only(self) -> bool:
        """Whether its callers run no documents but trusted ones."""
        return self.limits.documents == "trusted"

    def scopes_of(self, asked: frozenset[str]) -> frozenset[str]:
        """What a caller may whose credential names the scopes `asked`."""
        return self.scopes | (asked & self.scopes_on_request)
