"""What one process serves: open while the app's lifespan lasts, and asked for by every request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import strawberry
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.types import Scope

from domains.upstream import Deadline, path_scope
from gateway.audiences import Audience, Audiences
from gateway.audit import Audit
from gateway.engine import INTROSPECTION_FORBIDDEN, Engine
from gateway.events import Ears
from gateway.http import Admitted, HttpFault, Origins, idempotency_key_of
from gateway.identity import IdentityUnavailable, Unauthenticated, current_owner, owner_of, residency, residency_of
from gateway.identity.doorkeeper import Doorkeeper
from gateway.identity.issuers import Issuer
from gateway.permits import held_by
from gateway.schema import RULES, priced, print_sdl, served
from gateway.settings import Settings
from gateway.streams import Streams
from gateway.turnstile import Turnstile
from gateway.views import view_of
from resolvers.context import Caller, Context, Retail
from resolvers.directives import stalest_s
from resolvers.keyed import header_key
from resolvers.ownership import may_be_shared

OpenRetail = Callable[[Settings], AbstractAsyncContextManager[Retail]]


@dataclass(frozen=True, slots=True)
class View:
    """What an audience sees: its part of the schema, what answers on it, and whether it may be read."""

    schema: GraphQLSchema
    engine: Engine
    is_open: bool


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

    @property
    def anybodys(self) -> Engine:
        """What answers callers who have said nothing of themselves."""
        return self.views.of(self.audiences.of(self._settings.identity.anonymous.audience)).engine

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Open the outside systems, and close them when the process ends."""
        async with (
            self._doorkeeper.running(),
            self._audit.running(),
            self.turnstile.running(),
            self._open_retail(self._settings) as self._retail,
            self.streams.running(lambda: self._open().durable),
        ):
            yield
        self._retail = None

    def ears(self) -> Ears:
        """Where what outside systems tell is kept."""
        durable = self._open().durable
        return Ears(durable.hear, durable.mishear)

    def _open(self) -> Retail:
        if self._retail is None:
            raise RuntimeError("a request outside of the app's lifespan")
        return self._retail

    async def caller(self, headers: Headers) -> tuple[Caller, Audience]:
        """Who asks, with the scopes that are worth something here, and as whom they are served.

        Raises Unauthenticated, and HttpFault (503) while nobody can tell.
        """
        try:
            known = await self._doorkeeper.caller(headers.getlist("authorization"))
        except IdentityUnavailable as unknown:
            wait = {"Retry-After": str(unknown.retry_after_s)}
            raise HttpFault(503, unknown.code, str(unknown), headers=wait) from unknown
        audience = self.audiences.of(known.audience)
        return replace(known, scopes=audience.scopes_of(known.scopes)), audience

    async def schema_for(self, headers: Headers) -> str:
        """The schema as whoever sends these headers sees it. Raises HttpFault, also when they may not read it."""
        try:
            _, audience = await self.caller(headers)
        except Unauthenticated as unknown:
            challenge = {"WWW-Authenticate": unknown.challenge}
            raise HttpFault(401, unknown.code, str(unknown), headers=challenge) from unknown
        view = self.views.of(audience)
        if not view.is_open:
            raise HttpFault(403, INTROSPECTION_FORBIDDEN, "The schema is not open to this caller.")
        return self.views.sdl(view)

    @asynccontextmanager
    async def admit(self, scope: Scope, deadline: Deadline) -> AsyncIterator[Admitted]:
        """Find out who asks and open their context; its loaders end with the request. Raises as `caller` does."""
        headers = Headers(scope=scope)
        caller, audience = await self.caller(headers)
        self.origins.check(scope, caller.audience)
        view = self.views.of(audience)
        key = idempotency_key_of(headers.getlist("idempotency-key"))
        context = Context.open(caller, self._open(), datetime.now(UTC), deadline)
        provenance = context.loaders.provenance
        # This task answers one request and ends with it.
        current_owner.set(owner_of(caller))
        header_key.set(key)
        residency.set(residency_of(caller))
        stalest_s.set(audience.max_stale_s)
        try:
            with path_scope(audience.path):
                yield Admitted(
                    context,
                    engine=view.engine,
                    path=audience.path,
                    owner=owner_of(caller),
                    held=held_by(caller),
                    trusted_only=audience.trusted_only,
                    turn=self.turnstile.turns(caller),
                    auditor=self._audit.of(caller, scope),
                    may_introspect=view.is_open,
                    extensions=lambda _: provenance.extensions(),
                    lifetime=provenance.lifetime,
                    may_be_shared=lambda: may_be_shared(context),
                    replayed=lambda: bool(provenance.replayed),
                )
        finally:
            context.loaders.close()
