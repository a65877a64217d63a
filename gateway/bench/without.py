"""The gateway without telemetry, limits, identity and freshness: what these four cost is what it is quicker by.

Everything else is the product's own: its middleware, its endpoint, its documents, a deadline, a watch for who hangs up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, cast

from starlette.types import ASGIApp, Scope

from domains.upstream import Deadline
from domains.vocabulary import Rows
from gateway.app import Gateway, around
from gateway.bench.inside import CALLERS, Inside, become
from gateway.documents import Desk
from gateway.engine import Engine
from gateway.http import Admitted, Asking, Correlation, Drain, EventStreamEndpoint, GraphQLEndpoint, Origins
from gateway.permits import held_by
from gateway.settings import Settings
from gateway.streams import Streams
from resolvers.batching import Gathering
from resolvers.context import Context
from resolvers.provenance import Provenance
from resolvers.reading import Made


def without_the_four(engine: Engine, inside: Inside, audience: str, settings: Settings) -> ASGIApp:
    """An app that answers everybody as the same caller of one audience, on the engine that has its view."""

    def admit(_: Scope, deadline: Deadline) -> _Visit:
        return _Visit(engine, inside, audience, deadline)

    documents = Desk(settings.documents.read(), None, settings.limits.characters)
    asking = Asking(engine, admit, settings.http, documents)
    graphql = GraphQLEndpoint(engine, admit, settings.http, documents)
    questions = EventStreamEndpoint(asking, Streams(settings.streams), graphql)
    layers = around(settings, Drain(), Origins(lambda _: (), ()), questions)
    return Gateway(middleware=[layer for layer in layers if cast("object", layer.cls) is not Correlation])


class _Visit:
    """One request of a caller whom nobody looks at."""

    __slots__ = ("_audience", "_context", "_deadline", "_engine", "_inside")

    def __init__(self, engine: Engine, inside: Inside, audience: str, deadline: Deadline) -> None:
        self._engine = engine
        self._inside = inside
        self._audience = audience
        self._deadline = deadline

    async def __aenter__(self) -> Admitted:
        caller = CALLERS[self._audience]
        become(self._audience)
        context = self._context = Context.open(caller, self._inside.retail, datetime.now(UTC), self._deadline)
        loaders = context.loaders
        loaders.provenance = Unheard(0.0)
        loaders.gathering = Gathering(set(), loaders.provenance)
        return Admitted(context, engine=self._engine, held=held_by(caller))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._context.loaders.close()


class Unheard(Provenance):
    """Nobody asks how fresh the answer is, and nothing is too old for it."""

    def one(self, place: str, value: Any, *, within_s: int | None) -> Any:  # noqa: ARG002 - as Provenance has it
        """What came, taken out of what says what it was made of."""
        return _plain(value)

    def tell(self, place: str, values: Sequence[Any], *, within_s: int | None, whole: bool) -> Sequence[Any]:  # noqa: ARG002 - likewise
        """Likewise."""
        return values if type(values) is Rows else [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if type(value) is list:
        return [_plain(item) for item in value]
    return value.value if type(value) is Made else value
