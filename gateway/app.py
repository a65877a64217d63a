"""The floor plan of a request: middleware in the order it runs, routes, and what is open while the process serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import strawberry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from gateway import wiring
from gateway.answers import Answers
from gateway.events import EventDoor
from gateway.explorer import Sample, explorer_routes
from gateway.house import House, OpenRetail
from gateway.http import (
    Asking,
    AtOnce,
    Correlation,
    CrossOrigin,
    Direct,
    Drain,
    Draining,
    EventStreamEndpoint,
    GraphQLEndpoint,
    Hardening,
    Hops,
    Kept,
    KnownRequests,
    LastResort,
    Origins,
    Readiness,
    head_of,
    livez,
)
from gateway.identity.issuers import Issuer
from gateway.schema import build_schema
from gateway.settings import Settings
from gateway.sockets import SocketEndpoint
from gateway.telemetry import Metrics, Pulse


class Gateway(Starlette):
    """Without the middleware that Starlette puts around ours to answer for exceptions: LastResort does, and to pass it
    cost every message of every answer a frame of its own. What gets past that one too is the server's to answer.

    `at_once` is asked by the server for what is kept before it begins anything for a request; None where nothing is."""

    at_once: AtOnce | None = None

    def build_middleware_stack(self) -> ASGIApp:
        """Ours, in their order, and the router behind them."""
        app: ASGIApp = ExceptionMiddleware(self.router, handlers=self.exception_handlers)
        for layer, args, kwargs in reversed(self.user_middleware):
            app = layer(app, *args, **kwargs)
        return app


def build_app(
    settings: Settings,
    *,
    drain: Drain | None = None,
    samples: Sequence[Sample] = (),
    open_retail: OpenRetail | None = None,
    schema: strawberry.Schema | None = None,
    trusted: Sequence[Issuer] = (),
    answers: Answers | None = None,
    pulse: Pulse | None = None,
) -> Starlette:
    """The gateway as an ASGI app.

    `drain` is what the server tells when it goes down. `samples` are callers that the explorer offers. `open_retail` is
    the house behind the schema; tests bring their own. `trusted` issuers count beside those of the settings: the demo
    has one. `answers` keeps whole answers; whoever brings a house has it tell them what its cache reads and forgets, or
    none are kept. `pulse` is what the server beats, for `/metrics`.
    """
    drain = drain or Drain()
    answers = answers or Answers(settings.answers)
    open_retail = open_retail or partial(wiring.open_retail, witness=answers)
    house = House(settings, open_retail, trusted, schema or build_schema())
    drain.on_leave(house.streams.leave)
    asking, questions = _asked(settings, house, answers)
    known = KnownRequests(answers, settings.http, {"/graphql"}) if settings.answers.enabled else None
    app = Gateway(
        lifespan=house.lifespan,
        middleware=around(settings, drain, house.origins, questions, known),
        routes=[
            Route("/graphql", questions),
            WebSocketRoute("/graphql", SocketEndpoint(asking, house.streams, house.origins)),
            _told(settings, house),
            Route("/livez", livez),
            Route("/readyz", Readiness([], drain).readyz),
            *_measured(settings, pulse or Pulse(), answers),
            *_public(settings, house, samples),
        ],
    )
    if known is not None:
        app.at_once = AtOnce(known, drain, settings.server.proxies, settings.server.forwarded_by)
    return app


def around(
    settings: Settings, drain: Drain, origins: Origins, questions: ASGIApp, known: KnownRequests | None = None
) -> list[Middleware]:
    """What stands around the endpoints, the outermost first. `questions` is the one behind `/graphql`, and `known` what
    is remembered of requests where whole answers are kept."""
    return [
        Middleware(Draining, drain=drain),  # counts what is in flight
        Middleware(Hops, trusted=settings.server.proxies, by=settings.server.forwarded_by),  # who really asks
        *([] if known is None else [Middleware(Kept, requests=known)]),  # what was given before
        Middleware(Hardening, hsts_max_age_s=settings.server.hsts_max_age_s),  # what browsers are to be careful of
        Middleware(Correlation),  # from here on every line and every outside call carries the request's id
        Middleware(CrossOrigin, origins=origins, paths={"/graphql"}),  # whose pages may ask
        Middleware(LastResort),  # a bug is a coded 500 that names the id
        Middleware(Direct, endpoints={"/graphql": questions}),  # what nearly everybody asks
    ]


def _asked(settings: Settings, house: House, answers: Answers) -> tuple[Asking, EventStreamEndpoint]:
    """What asks for messages one after the other, and where questions come in, one by one or as a stream."""
    documents, narrowest = house.turnstile.documents, house.anybodys
    asking = Asking(narrowest, house.admit, settings.http, documents)
    graphql = GraphQLEndpoint(narrowest, house.admit, settings.http, documents, answers)
    return asking, EventStreamEndpoint(asking, house.streams, graphql)


def _told(settings: Settings, house: House) -> BaseRoute:
    """Where outside systems tell what happened."""
    secrets = {name: source.keys for name, source in settings.events.sources.items()}
    return Route("/events/{source}", EventDoor(secrets, house.ears, settings.http).post, methods=["POST"])


def _measured(settings: Settings, pulse: Pulse, answers: Answers) -> list[BaseRoute]:
    """What monitoring reads: nothing, unless the settings say so."""
    if not settings.metrics.enabled:
        return []
    metrics = Metrics(pulse, lambda: asdict(answers.counts))

    async def exposed(request: Request) -> Response:
        body, media = metrics.exposed(request.headers.get("accept", ""))
        return Response(body, media_type=media, headers={"Cache-Control": "no-store"})

    return [Route("/metrics", exposed)]


def _public(settings: Settings, house: House, samples: Sequence[Sample]) -> list[BaseRoute]:
    """What is for people who read the schema: nothing, unless the settings say so."""

    async def printed(request: Request) -> Response:
        headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
        return PlainTextResponse(await house.schema_for(head_of(request.scope).all(b"authorization")), headers=headers)

    routes: list[BaseRoute] = []
    if settings.explorer.introspection:
        routes.append(Route("/schema.graphql", printed))
    if settings.explorer.enabled:
        routes.extend(explorer_routes("/graphql", samples))
    return routes
