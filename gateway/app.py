"""The floor plan of a request: middleware in the order it runs, routes, and what is open while the process serves."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from gateway.events import EventDoor
from gateway.explorer import Sample, explorer_routes
from gateway.house import House, OpenRetail
from gateway.http import (
    Asking,
    Correlation,
    CrossOrigin,
    Drain,
    Draining,
    EventStreamEndpoint,
    GraphQLEndpoint,
    Hardening,
    Hops,
    LastResort,
    Readiness,
    livez,
)
from gateway.identity.issuers import Issuer
from gateway.schema import build_schema
from gateway.settings import Settings
from gateway.sockets import SocketEndpoint
from gateway.wiring import open_retail


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
    drain = drain or Drain()
    house = House(settings, open_retail, trusted, schema or build_schema())
    drain.on_leave(house.streams.leave)
    return Starlette(
        lifespan=house.lifespan,
        middleware=[
            Middleware(Draining, drain=drain),  # counts what is in flight
            Middleware(Hops, trusted=settings.server.proxies, by=settings.server.forwarded_by),  # who really asks
            Middleware(Hardening, hsts_max_age_s=settings.server.hsts_max_age_s),  # what browsers are to be careful of
            Middleware(Correlation),  # from here on every line and every outside call carries the request's id
            Middleware(CrossOrigin, origins=house.origins, paths={"/graphql"}),  # whose pages may ask
            Middleware(LastResort),  # a bug is a coded 500 that names the id
        ],
        routes=[
            *_asked(settings, house),
            Route("/livez", livez),
            Route("/readyz", Readiness([], drain).readyz),
            *_public(settings, house, samples),
        ],
    )


def _asked(settings: Settings, house: House) -> list[BaseRoute]:
    """Where questions come in, one by one or as a stream, and where outside systems tell what happened."""
    documents, narrowest = house.turnstile.documents, house.anybodys
    asking = Asking(narrowest, house.admit, settings.http, documents)
    graphql = GraphQLEndpoint(narrowest, house.admit, settings.http, documents)
    secrets = {name: source.keys for name, source in settings.events.sources.items()}
    return [
        Route("/graphql", EventStreamEndpoint(asking, house.streams, graphql)),
        WebSocketRoute("/graphql", SocketEndpoint(asking, house.streams, house.origins)),
        Route("/events/{source}", EventDoor(secrets, house.ears, settings.http).post, methods=["POST"]),
    ]


def _public(settings: Settings, house: House, samples: Sequence[Sample]) -> list[BaseRoute]:
    """What is for people who read the schema: nothing, unless the settings say so."""

    async def printed(request: Request) -> Response:
        headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
        return PlainTextResponse(await house.schema_for(request.headers), headers=headers)

    routes: list[BaseRoute] = []
    if settings.explorer.introspection:
        routes.append(Route("/schema.graphql", printed))
    if settings.explorer.enabled:
        routes.extend(explorer_routes("/graphql", samples))
    return routes
