"""What a client reads of an error: always a code, never a text that was not written for clients."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import structlog
from graphql import FieldNode, GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from domains.durable import JournalUnavailable
from domains.upstream import correlation_id, without_frames
from domains.vocabulary import InvalidInput, NotPermitted, TooStale, UpstreamError

Fault = dict[str, object]
"""One entry of `errors`, as the GraphQL specification (October 2021, 7.1.2) formats it."""

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT = "BAD_USER_INPUT"
# These four, and METHOD_NOT_ALLOWED below, mean what they mean in Apollo Server, so that clients know them already.
OPERATION_RESOLUTION = "OPERATION_RESOLUTION_FAILURE"
METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
DOCUMENT_TOO_LARGE = "DOCUMENT_TOO_LARGE"
SUBSCRIPTION_UNSUPPORTED = "SUBSCRIPTION_UNSUPPORTED"
INTROSPECTION_FORBIDDEN = "INTROSPECTION_FORBIDDEN"
INTERNAL = "INTERNAL"

INTERNAL_MESSAGE = "Something went wrong on our side. Quote the correlation id to the operator."
JOURNAL_MESSAGE = "The gateway cannot keep what is asked of it now. Nothing was accepted; try again in a moment."
VALUE_MESSAGE = "A value in the request is not valid for its type."

MESSAGE_CHARACTERS_MAX = 600
"""Messages quote the request, and twenty of them may quote the same long name: an answer must not be larger for it."""
_TAIL = 150  # what a sentence of the library says is wrong stands before the value, or after it

# The number parser's own words: one of the library's sentences has them inside.
_OF_THE_PARSER = "integer string conversion"
_SUGGESTION = re.compile(r" Did you mean .*\?\Z", re.DOTALL)

_log = structlog.get_logger(__name__)


def fault(message: str, code: str, **details: object) -> Fault:
    """An error of our own; `details` stand beside the code, those that are None left out."""
    extensions = {"code": code} | {name: value for name, value in details.items() if value is not None}
    return {"message": _bounded(message), "extensions": extensions}


def internal_fault() -> Fault:
    """What every failure of our own looks like: the correlation id leads the operator to the log line."""
    return fault(INTERNAL_MESSAGE, INTERNAL, correlationId=correlation_id.get())


def request_fault(error: GraphQLError, code: str, *, suggestions: bool = False) -> Fault:
    """An error found before execution, in the document or in the variables.

    Its text quotes the client's own request; only where a scalar's parser raised something that was not written for
    clients (`decimal.InvalidOperation`, say) is it replaced.
    """
    cause = _root_cause(error)
    meant_for_clients = cause is None or isinstance(cause, InvalidInput | ValueError)
    if meant_for_clients and _OF_THE_PARSER not in error.message:
        # One rule suggests in spite of `hide_suggestions`: the one that misses a selection of subfields.
        message = error.message if suggestions else _SUGGESTION.sub("", error.message)
        return _located(error, message, {"code": code, **_inside(cause)})
    return _located(error, VALUE_MESSAGE, {"code": code})


def resolver_fault(error: GraphQLError) -> Fault:
    """An error raised while a field was resolved. What is not meant for clients is logged and masked."""
    cause = _root_cause(error)
    told = _told(error, cause)
    if told is not None:
        return told
    if error.extensions and "code" in error.extensions:
        return _located(error, error.message, dict(error.extensions))
    if cause is None and _about_arguments(error):
        return _located(error, error.message, {"code": BAD_USER_INPUT})
    _log.error("resolver failed", path=error.path, exc_info=cause or error)
    return _located(error, INTERNAL_MESSAGE, {"code": INTERNAL, "correlationId": correlation_id.get()})


def _told(error: GraphQLError, cause: BaseException | None) -> Fault | None:
    """What the house raises on purpose; None for everything else."""
    if isinstance(cause, UpstreamError):
        return _located(error, cause.public_message, _upstream(cause))
    if isinstance(cause, InvalidInput):
        return _located(error, cause.message, {"code": cause.code, **_inside(cause)})
    if isinstance(cause, NotPermitted):
        return _located(error, cause.message, {"code": cause.code})
    if isinstance(cause, TooStale):
        return _located(error, str(cause), _stale(cause))
    if isinstance(cause, JournalUnavailable):
        # Its own text is the database's, and for the log alone.
        return _located(error, JOURNAL_MESSAGE, {"code": cause.code, "retryable": True})
    return None


def let_go(error: GraphQLError) -> None:
    """Drop the tracebacks of an error that has been told, down through all wrappers: nobody will read them."""
    told: BaseException | None = error
    while told is not None:
        without_frames(told)
        told = told.original_error if isinstance(told, GraphQLError) else None


def code_of(one: Mapping[str, object]) -> str:
    """The code of a fault; INTERNAL where somebody forgot it."""
    extensions = one.get("extensions")
    return str(extensions.get("code", INTERNAL)) if isinstance(extensions, Mapping) else INTERNAL


def _root_cause(error: GraphQLError) -> BaseException | None:
    """The first exception that is not GraphQL's own, below any number of wrappers; None when all of them are."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _about_arguments(error: GraphQLError) -> bool:
    """Whether a GraphQLError that GraphQL raised itself blames the request rather than what a resolver returned.

    Argument errors point at the value in the document; errors about results point at the field.
    """
    if isinstance(error, StrawberryInputCoercionError) or isinstance(
        error.original_error, StrawberryInputCoercionError
    ):
        return True
    return bool(error.nodes) and not any(isinstance(node, FieldNode) for node in error.nodes or ())


def _upstream(cause: UpstreamError) -> dict[str, object]:
    extensions: dict[str, object] = {
        "code": cause.code,
        "system": cause.system.value,
        "capability": cause.capability,
        "retryable": cause.retryable,
    }
    if cause.retryable and cause.retry_after_s is not None:
        extensions["retryAfterSeconds"] = cause.retry_after_s
    return extensions


def _stale(cause: TooStale) -> dict[str, object]:
    return {
        "code": cause.code,
        "maxStaleSeconds": cause.max_stale_s,
        "ageSeconds": cause.age_s,
        "source": cause.source,
        "retryable": True,
    }


def _inside(cause: BaseException | None) -> dict[str, object]:
    """Where inside the arguments the wrong input stands."""
    path: Sequence[str | int] = cause.path if isinstance(cause, InvalidInput) else ()
    return {"inputPath": list(path)} if path else {}


def _located(error: GraphQLError, message: str, extensions: dict[str, object]) -> Fault:
    shaped: Fault = {"message": _bounded(message)}
    if error.locations:
        shaped["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        shaped["path"] = list(error.path)
    shaped["extensions"] = {name: value for name, value in extensions.items() if value is not None}
    return shaped


def _bounded(message: str) -> str:
    if len(message) <= MESSAGE_CHARACTERS_MAX:
        return message
    return f"{message[: MESSAGE_CHARACTERS_MAX - _TAIL]} ... {message[-_TAIL:]}"
