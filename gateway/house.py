"""What one process serves: open while the app's lifespan lasts, and asked for by every request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType

import strawberry
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.types import Scope

from domains.upstream import Deadline, current_path, path_scope
from gateway.audiences import Audience, Audiences
from gateway.audit import Audit, CallersAuditor
from gateway.engine import INTROSPECTION_FORBIDDEN, Engine
from gateway.events import Ears
from gateway.http import IDEMPOTENCY_LINE, Admitted, HttpFault, Origins, head_of, idempotency_key_of
from gateway.identity import (
    IdentityUnavailable,
    Residency,
    Unauthenticated,
    current_owner,
    owner_of,
    residency,
    residency_of,
)
from gateway.identity.doorkeeper import Doorkeeper
from gateway.identity.issuers import Issuer
from gateway.limits import Turns
from gateway.permits import Held, held_by
from gateway.schema import RULES, priced, print_sdl, served
from gateway.settings import Settings
from gateway.streams import Streams
from gateway.turnstile import Turnstile
from gateway.views import view_of
from resolvers.context import Caller, Context, Retail
from resolvers.directives import stalest_s
from resolvers.keyed import header_key
from resolvers.ownership import may_be_shared, shared_reads

OpenRetail = Callable[[Settings], AbstractAsyncContextManager[Retail]]


@dataclass(frozen=True, slots=True)
class View:
    """What an audience sees: its part of the schema, what answers on it, and whether it may be read."""

    schema: GraphQLSchema
    engine: Engine
    is_open: bool


STANDINGS_MAX = 10_000
"""Callers of whom it is remembered what follows from who they are. With plain classes for contexts it halves the 36 us
that it took to let a caller in."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from who asks, whatever they ask. `caller` has the scopes that are worth something here."""

    caller: Caller
    audience: Audience
    view: View
    owner: str | None
    held: Held
    residency: Residency
    turn: Turns


class Views:
    """One view for each audience; those that see the same share it. Raises NothingToSee."""

    def __init__(self, whole: strawberry.Schema, audiences: Audiences, settings: Settings) -> None:
        declared, prices = served(whole), priced(whole)  # by coordinate: what a view has not is never looked up
        made: dict[object, View] = {}
        self._whole = whole
        self._views: dict[str, View] = {}
        for audience in audiences:
            is_open = audience.introspection and settings.explorer.introspection
            alike = (audience.tags, audience.masks, is_open)
            if alike not in made:
                schema = view_of(whole._schema, audience.tags, audience.masks)  # noqa: SLF001 - no public way to it
                engine = Engine(
                    whole,
                    settings.limits,
                    suggestions=is_open,
                    rules=RULES,
                    declared=declared,
                    priced=prices,
                    view=schema,
                    compiled=settings.engine.compiled,
                )
                made[alike] = View(schema, engine, is_open)
            self._views[audience.name] = made[alike]

    def of(self, audience: Audience) -> View:
        """The view of an audience."""
        return self._views[audience.name]

    def sdl(self, view: View) -> str:
        """A view as text."""
        return print_sdl(self._whole, view.schema)

    def __iter__(self) -> Iterator[tuple[str, View]]:
        """The names of the audiences, each with its view."""
        return iter(self._views.items())


class House:
    """One per process. Raises UnusableAudiences, UnusableDocuments and NothingToSee for what nobody could be served."""

    def __init__(
        self, settings: Settings, open_retail: OpenRetail, trusted: Sequence[Issuer], schema: strawberry.Schema
    ) -> None:
        self._settings = settings
        self._open_retail = open_retail
        database_url = settings.database.url.get_secret_value()
        self._doorkeeper = Doorkeeper(settings.identity, database_url, trusted=trusted)
        self._audit = Audit(settings.audit, database_url)
        self._retail: Retail | None = None
        self.audiences = settings.audiences.read()
        everywhere = {origin for audience in self.audiences for origin in audience.cors_origins}
        self.origins = Origins(lambda name: self.audiences.of(name).cors_origins, everywhere)
        self.views = Views(schema, self.audiences, settings)
        self.turnstile = Turnstile(settings, self.audiences)
        self.turnstile.warm([(self.audiences.of(name), view.engine) for name, view in self.views])
        self.streams = Streams(settings.streams)
        # Who somebody is, is found out each time; what follows from that changes with the settings alone.
        self._standing = lru_cache(STANDINGS_MAX)(self._stand)
        self.visitors = self._stand(self._doorkeeper.anonymous)
        """What follows from a request that does not say who asks."""

    @property
    def anybodys(self) -> Engine:
        """What answers callers who have said nothing of themselves."""
        return self.visitors.view.engine

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Open the outside systems, and close them when the process ends."""
        async with (
            self._doorkeeper.running(),
            self._audit.running(),
            self.turnstile.running(),
            self._open_retail(self._settings) as self._retail,
            self.streams.running(lambda: self.open().durable),
        ):
            yield
        self._retail = None

    def ears(self) -> Ears:
        """Where what outside systems tell is kept."""
        durable = self.open().durable
        return Ears(durable.hear, durable.mishear)

    def open(self) -> Retail:
        """The house behind the schema."""
        if self._retail is None:
            raise RuntimeError("a request outside of the app's lifespan")
        return self._retail

    async def standing(self, authorization: Sequence[str]) -> Standing:
        """What follows from who sends these values of `Authorization`, or none.

        Raises Unauthenticated, and HttpFault (503) while nobody can tell.
        """
        try:
            known = await self._doorkeeper.caller(authorization)
        except IdentityUnavailable as unknown:
            wait = {"Retry-After": str(unknown.retry_after_s)}
            raise HttpFault(503, unknown.code, str(unknown), headers=wait) from unknown
        return self._standing(known)

    def _stand(self, known: Caller) -> Standing:
        audience = self.audiences.of(known.audience)
        caller = replace(known, scopes=audience.scopes_of(known.scopes))
        return Standing(
            caller=caller,
            audience=audience,
            view=self.views.of(audience),
            owner=owner_of(caller),
            held=held_by(caller),
            residency=residency_of(caller),
            turn=self.turnstile.turns(caller),
        )

    async def schema_for(self, authorization: Sequence[str]) -> str:
        """The schema as whoever sends these values of `Authorization` sees it.

        Raises HttpFault, also when they may not read it.
        """
        try:
            view = (await self.standing(authorization)).view
        except Unauthenticated as unknown:
            challenge = {"WWW-Authenticate": unknown.challenge}
            raise HttpFault(401, unknown.code, str(unknown), headers=challenge) from unknown
        if not view.is_open:
            raise HttpFault(403, INTROSPECTION_FORBIDDEN, "The schema is not open to this caller.")
        return self.views.sdl(view)

    def admit(self, scope: Scope, deadline: Deadline) -> AbstractAsyncContextManager[Admitted]:
        """Find out who asks and open their context; its loaders end with the request.

        Entering it raises as `standing` does, and HttpFault for a page that may not ask as this caller.
        """
        return _Stay(self, scope, deadline)

    def auditor(self, caller: Caller, scope: Scope) -> CallersAuditor | None:
        """Who keeps a record of what `caller` changes by one request."""
        return self._audit.of(caller, scope)


class _Stay:
    """One request in the house."""

    __slots__ = ("_context", "_deadline", "_house", "_path", "_scope")

    def __init__(self, house: House, scope: Scope, deadline: Deadline) -> None:
        self._house = house
        self._scope = scope
        self._deadline = deadline

    async def __aenter__(self) -> Admitted:
        house, scope = self._house, self._scope
        head = head_of(scope)
        standing = await house.standing(head.all(b"authorization")) if b"authorization" in head else house.visitors
        caller, audience, view = standing.caller, standing.audience, standing.view
        if b"origin" in head:
            house.origins.check(scope, caller.audience)
        key = idempotency_key_of(head.all(IDEMPOTENCY_LINE)) if IDEMPOTENCY_LINE in head else None
        context = self._context = Context.open(caller, house.open(), datetime.now(UTC), self._deadline)
        provenance = context.loaders.provenance
        # Whoever is let in next in this task sets all of them anew.
        current_owner.set(standing.owner)
        header_key.set(key)
        residency.set(standing.residency)
        stalest_s.set(audience.max_stale_s)
        self._path = None if audience.path is current_path() else path_scope(audience.path)
        if self._path is not None:
            self._path.__enter__()
        return Admitted(
            context,
            engine=view.engine,
            path=audience.path,
            owner=standing.owner,
            held=standing.held,
            trusted_only=audience.trusted_only,
            turn=standing.turn,
            passing=standing.turn,
            auditor=house.auditor(caller, scope),
            caller=caller,
            may_introspect=view.is_open,
            extensions=lambda _: provenance.extensions(),
            lifetime=provenance.lifetime,
            may_be_shared=lambda: may_be_shared(context),
            shared_reads=lambda: shared_reads(context),
            replayed=lambda: bool(provenance.replayed),
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path is not None:
            self._path.__exit__(kind, error, trace)
        self._context.loaders.close()
