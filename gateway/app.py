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
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from domains.upstream import Deadline, path_scope
from domains.vocabulary import CustomerId, LocationId
from gateway.engine import Engine
from gateway.explorer import Sample, explorer_routes
from gateway.http import Admitted, Correlation, Drain, Draining, GraphQLEndpoint, LastResort, Readiness, livez
from gateway.identity import Callers, current_owner, owner_of
from gateway.paths import path_of
from gateway.schema import RULES, build_schema, print_sdl, served
from gateway.sections import Anonymous, Identity, Token
from gateway.settings import Settings
from gateway.wiring import open_retail
from resolvers.context import Caller, Context, Retail
from resolvers.ownership import may_be_shared

OpenRetail = Callable[[Settings], AbstractAsyncContextManager[Retail]]


class House:
    """What one process serves: open while the app's lifespan lasts, and asked for by every request."""

    def __init__(self, settings: Settings, open_retail: OpenRetail) -> None:
        self._settings = settings
        self._open_retail = open_retail
        self._callers = callers_of(settings.identity)
        self._retail: Retail | None = None

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Open the outside systems, and close them when the process ends."""
        async with self._open_retail(self._settings) as self._retail:
            yield
        self._retail = None

    @asynccontextmanager
    async def admit(self, scope: Scope, deadline: Deadline) -> AsyncIterator[Admitted]:
        """Find out who asks and open their context; its loaders end with the request. Raises Unauthenticated."""
        given = Headers(scope=scope).getlist("authorization")
        caller = self._callers.caller(", ".join(given) if given else None)
        if self._retail is None:
            raise RuntimeError("a request outside of the app's lifespan")
        context = Context.open(caller, self._retail, datetime.now(UTC), deadline)
        provenance = context.loaders.provenance
        current_owner.set(owner_of(caller))  # this task answers one request and ends with it
        path = path_of(caller.audience)
        try:
            with path_scope(path):
                yield Admitted(
                    context,
                    path=path,
                    may_introspect=self._settings.explorer.introspection,
                    extensions=lambda _: provenance.extensions(),
                    lifetime=provenance.lifetime,
                    may_be_shared=lambda: may_be_shared(context),
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
) -> Starlette:
    """The gateway as an ASGI app.

    `drain` is what the server tells when it goes down. `samples` are callers that the explorer offers. `open_retail` is
    the house behind the schema; tests bring their own.
    """
    schema = schema or build_schema()
    drain = drain or Drain()
    house = House(settings, open_retail)
    engine = Engine(
        schema,
        settings.limits,
        suggestions=settings.explorer.introspection,
        rules=RULES,
        declared=served(schema),
    )
    return Starlette(
        lifespan=house.lifespan,
        middleware=[
            Middleware(Draining, drain=drain),  # counts what is in flight
            Middleware(Correlation),  # from here on every line and every outside call carries the request's id
            Middleware(LastResort),  # a bug is a coded 500 that names the id
        ],
        routes=[
            Route("/graphql", GraphQLEndpoint(engine, house.admit, settings.http)),
            Route("/livez", livez),
            Route("/readyz", Readiness([], drain).readyz),
            *_public(settings, schema, samples),
        ],
    )


def callers_of(identity: Identity) -> Callers:
    """The callers that the settings know."""
    table = {token.sha256: _caller(token.subject, token) for token in identity.tokens}
    return Callers(table, _caller("anonymous", identity.anonymous))


def _caller(subject: str, said: Anonymous | Token) -> Caller:
    return Caller(
        subject=subject,
        audience=said.audience,
        scopes=said.scopes,
        customer_id=None if said.customer is None else CustomerId(said.customer),
        store_id=None if said.store is None else LocationId(said.store),
    )


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
