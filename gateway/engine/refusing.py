"""Why an operation will not run, judged in order before anything does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from graphql import OperationType

from domains.vocabulary import ServingPath
from gateway.engine.faults import (
    INTROSPECTION_FORBIDDEN,
    METHOD_NOT_ALLOWED,
    OPERATION_RESOLUTION,
    SUBSCRIPTION_UNSUPPORTED,
    Fault,
    fault,
)
from gateway.engine.operations import Prepared
from gateway.limits import Estimate, Refusal
from gateway.paths import Place, Touch, instead, offences
from gateway.paths import code_of as off_path_code
from gateway.permits import Held, lacking

HOW_TO_SUBSCRIBE = (
    "A subscription is answered by a stream: send it with Accept: text/event-stream and no other type, or over a "
    "WebSocket at this address with the subprotocol graphql-transport-ws."
)

Toll = Callable[[Estimate, Mapping[str, object]], Awaitable[Refusal | None]]
"""Asked with what an operation may cost, once all else is well: why it may not run, or None."""

TOLD_MAX = 20
"""Faults told at once, as for validation: more are neither read nor mended in one go."""


def refusal(
    prepared: Prepared, operation_name: str | None, *, only_query: bool, may_introspect: bool, streams: bool
) -> tuple[Fault, ...]:
    """Why the operation will not run, whoever asks; empty when it may."""
    kind = kind_of(prepared.kinds, operation_name)
    if only_query and kind not in {None, OperationType.QUERY}:
        # Told before validation errors: a mutation sent by GET is wrong whatever else is wrong with it.
        return (fault("This method runs queries only; send the operation by POST.", METHOD_NOT_ALLOWED),)
    if prepared.faults:
        return prepared.faults
    if kind is None:
        return (fault(_unresolved(prepared.kinds, operation_name), OPERATION_RESOLUTION),)
    if kind is OperationType.SUBSCRIPTION and not streams:
        return (fault(HOW_TO_SUBSCRIBE, SUBSCRIPTION_UNSUPPORTED),)
    forbidden = None if may_introspect else prepared.schema_field
    return (fault(f"{forbidden} is not open to this caller.", INTROSPECTION_FORBIDDEN),) if forbidden else ()


def tolled(told: Refusal | None) -> tuple[Fault, ...]:
    """Why a toll will not have it run."""
    return () if told is None else (fault(told.message, told.code, **told.extensions),)


def chosen(prepared: Prepared, operation_name: str | None) -> str | None:
    """The name of the operation that runs, here and below, once it is known that one does."""
    return operation_name if operation_name in prepared.kinds else next(iter(prepared.kinds), None)


def off_path(prepared: Prepared, name: str | None, path: ServingPath | None) -> tuple[Fault, ...]:
    """What of it would make a path wait that may not, place by place."""
    if path is None or path not in prepared.shut_out.get(name, ()):
        return ()
    found = offences(prepared.touched.get(name, ()), path)[:TOLD_MAX]
    return tuple(
        _at(
            touch,
            fault(
                f"{touch.place} would make the {path.value} path wait for {_named(touch)}: {instead(touch)}.",
                off_path_code(touch, path),
                field=".".join(touch.path),
                coordinate=touch.coordinate,
            ),
        )
        for touch in found
    )


def not_permitted(prepared: Prepared, name: str | None, held: Held) -> tuple[Fault, ...]:
    """What it asks for that its caller may not have, place by place."""
    asked = prepared.needed.get(name, ())
    if not asked:
        return ()
    found = lacking(asked, held)[:TOLD_MAX]
    return tuple(
        _at(
            lack.at,
            fault(
                lack.message,
                lack.code,
                field=".".join(lack.at.path),
                coordinate=lack.at.coordinate,
                missingScopes=list(lack.scopes) or None,
            ),
        )
        for lack in found
    )


def _at(place: Place, told: Fault) -> Fault:
    return told | ({"locations": [{"line": place.line, "column": place.column}]} if place.line else {})


def _named(touch: Touch) -> str:
    return " and ".join(sorted(system.value for system in touch.served.systems))


def kind_of(kinds: Mapping[str | None, OperationType], operation_name: str | None) -> OperationType | None:
    """What the chosen operation is; None when the choice is not clear (GraphQL, October 2021, 6.1: GetOperation)."""
    if operation_name is not None:
        return kinds.get(operation_name)
    return next(iter(kinds.values())) if len(kinds) == 1 else None


def _unresolved(kinds: Mapping[str | None, OperationType], operation_name: str | None) -> str:
    if not kinds:
        return "The document holds no operation."
    if operation_name is None:
        return "The document holds several operations; say which one in operationName."
    return f"The document holds no operation named '{operation_name}'."
