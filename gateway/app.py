"""The floor plan of a request: middleware in the order it runs, routes, and what is open while the process serves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import strawberry
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Scope

from domains.upstream import Deadline, path_scope
from gateway.engine import Engine
from gateway.events import Ears, EventDoor
from gateway.explorer import Sample, explorer_routes
from gateway.http import (
    Admitted,
    Asking,
    Correlation,
    Drain,
    Draining,
    EventStreamEndpoint,
    GraphQLEndpoint,
    HttpFault,
    LastResort,
    Readiness,
    idempotency_key_of,
    livez,
)
from gateway.identity import IdentityUnavailable, current_owner, owner_of
from gateway.identity.doorkeeper import Doorkeeper
from gateway.identity.issuers import Issuer
from gateway.paths import path_of
from gateway.schema import RULES, build_schema, priced, print_sdl, served
from gateway.settings import Settings
from gateway.sockets import SocketEndpoint
from gateway.streams import Streams
from gateway.turnstile import Turnstile
from gateway.wiring import open_retail
from resolvers.context import Caller, Context, Retail
from resolvers.keyed import header_key
from resolvers.ownership import may_be_shared

OpenRetail = Callable[[Settings], AbstractAsyncContextManager[Retail]]


class House:
    """What one process serves: open while the app's lifespan lasts, and asked for by every request."""

    def __init__(self, settings: Settings, open_retail: OpenRetail, trusted: Sequence[Issuer]) -> None:
        self._settings = settings
        self._open_retail = open_retail
        database_url = settings.database.url.get_secret_value()
        self._doorkeeper = Doorkeeper(settings.identity, database_url, trusted=trusted)
        self._retail: Retail | None = None
        self.turnstile = Turnstile(settings)
        self.streams = Streams(settings.streams)

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Open the outside systems, and close them when the process ends."""
        async with (
            self._doorkeeper.running(),
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

    async def _caller(self, authorization: Sequence[str]) -> Caller:
        try:
            return await self._doorkeeper.caller(authorization)
        except IdentityUnavailable as unknown:
            wait = {"Retry-After": str(unknown.retry_after_s)}
            raise HttpFault(503, unknown.code, str(unknown), headers=wait) from unknown

    @asynccontextmanager
    async def admit(self, scope: Scope, deadline: Deadline) -> AsyncIterator[Admitted]:
        """Find out who asks and open their context; its loaders end with the request.

        Raises Unauthenticated, and HttpFault (503) while nobody can tell.
        """
        headers = Headers(scope=scope)
        caller = await self._caller(headers.getlist("authorization"))
        key = idempotency_key_of(headers.getlist("idempotency-key"))
        context = Context.open(caller, self._open(), datetime.now(UTC), deadline)
        provenance = context.loaders.provenance
        current_owner.set(owner_of(caller))  # this task answers one request and ends with it
        header_key.set(key)
        path = path_of(caller.audience)
        try:
            with path_scope(path):
                yield Admitted(
                    context,
                    path=path,
                    owner=owner_of(caller),
                    trusted_only=self.turnstile.trusted_only(caller),
                    turn=self.turnstile.turns(caller),
                    may_introspect=self._settings.explorer.introspection,
                    extensions=lambda _: provenance.extensions(),
                    lifetime=provenance.lifetime,
                    may_be_shared=lambda: may_be_shared(context),
                    replayed=lambda: bool(provenance.replayed),
                )
        finally:
            context.loaders.close()


def build_app(
    settings: Settings,
    *,
    drain: Drain | None = None,
    samples: Sequence[Sample] = (),
    open_retail: OpenRetail = open_retail,
    schema: strawberry.Schema | None = None,
    trusted: Sequence[Issuer] = (),
) -> Starlette:
    """The gateway as an ASGI app.

    `drain` is what the server tells when it goes down. `samples` are callers that the explorer offers. `open_retail` is
    the house behind the schema; tests bring their own. `trusted` issuers count beside those of the settings: the demo
    has one.
    """
    schema = schema or build_schema()
    drain = drain or Drain()
    house = House(settings, open_retail, trusted)
    engine = Engine(
        schema,
        settings.limits,
        suggestions=settings.explorer.introspection,
        rules=RULES,
        declared=served(schema),
        priced=priced(schema),
    )
    house.turnstile.warm(engine)
    drain.on_leave(house.streams.leave)
    return Starlette(
        lifespan=house.lifespan,
        middleware=[
            Middleware(Draining, drain=drain),  # counts what is in flight
            Middleware(Correlation),  # from here on every line and every outside call carries the request's id
            Middleware(LastResort),  # a bug is a coded 500 that names the id
        ],
        routes=[
            *_asked(settings, house, engine),
            Route("/livez", livez),
            Route("/readyz", Readiness([], drain).readyz),
            *_public(settings, schema, samples),
        ],
    )


def _asked(settings: Settings, house: House, engine: Engine) -> list[BaseRoute]:
    """Where questions come in, one by one or as a stream, and where outside systems tell what happened."""
    documents = house.turnstile.documents
    asking = Asking(engine, house.admit, settings.http, documents)
    graphql = GraphQLEndpoint(engine, house.admit, settings.http, documents)
    secrets = {name: source.keys for name, source in settings.events.sources.items()}
    return [
        Route("/graphql", EventStreamEndpoint(asking, house.streams, graphql)),
        WebSocketRoute("/graphql", SocketEndpoint(asking, house.streams)),
        Route("/events/{source}", EventDoor(secrets, house.ears, settings.http).post, methods=["POST"]),
    ]


def _public(settings: Settings, schema: strawberry.Schema, samples: Sequence[Sample]) -> list[BaseRoute]:
    """What is for people who read the schema: nothing, unless the settings say so."""
    sdl = print_sdl(schema)

    async def printed(_: Request) -> Response:
        return PlainTextResponse(sdl, headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})

    routes: list[BaseRoute] = []
    if settings.explorer.introspection:
        routes.append(Route("/schema.graphql", printed))
    if settings.explorer.enabled:
        routes.extend(explorer_routes("/graphql", samples))
    return routes
