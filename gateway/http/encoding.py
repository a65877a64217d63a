"""A GraphQL response as JSON in UTF-8."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import orjson
import structlog
from graphql import OperationType

from gateway.engine import Answer, Lasting, fault, internal_fault
from gateway.http.settings import DEFAULT_SETTINGS

ANSWER_TOO_LARGE: Final = "ANSWER_TOO_LARGE"

_log = structlog.get_logger(__name__)


def encoded(
    answer: Answer, extensions: Mapping[str, object], bytes_max: int = DEFAULT_SETTINGS.answer_max_bytes
) -> tuple[Answer, bytes]:
    """The body of a response, and the answer that it holds: another one when `answer` cannot be written as JSON, or has
    more than `bytes_max`.

    Without `data` after a request error; errors first, so that a reader sees them.
    """
    response: dict[str, object] = {}
    if answer.errors:
        response["errors"] = answer.errors
    if not answer.is_request_error:
        response["data"] = answer.data and _said_before(answer.data)
    if extensions:
        response["extensions"] = extensions
    try:
        body = orjson.dumps(response)
    except TypeError as refused:
        if not answer.is_request_error:
            response["data"] = answer.data
        answer, body = _slowly(answer, response, refused)
    return (answer, body) if len(body) <= bytes_max else _too_large(answer, len(body), bytes_max)


def _said_before(data: Mapping[str, object]) -> Mapping[str, object]:
    """The data, with the lists of its root fields that stood in an answer before as they were written then."""
    for key, value in data.items():
        if type(value) is Lasting:
            data = {**data, key: _written(value)}
    return data


def _written(value: Lasting) -> object:
    if value.json is None:
        try:
            value.json = orjson.dumps(value)
        except TypeError:  # by what is slower it will be written
            return value
    return orjson.Fragment(value.json)


def _slowly(answer: Answer, response: Mapping[str, object], refused: TypeError) -> tuple[Answer, bytes]:
    """orjson stops at 64-bit integers and at lone surrogates, which JSON itself allows; json writes both.

    What even json refuses is a scalar that serialises to something that is no JSON value: a bug of ours.
    """
    try:
        return answer, json.dumps(response, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        _log.error("answer cannot be encoded", exc_info=refused)
        failed = Answer(None, (internal_fault(),), kind=answer.kind)
        return failed, orjson.dumps({"errors": failed.errors, "data": None})


def _too_large(answer: Answer, found: int, limit: int) -> tuple[Answer, bytes]:
    """What is told instead. What a mutation did is done, and its caller must not take this for a refusal."""
    told = (
        f"The answer has {found} bytes, and one may have {limit}. Ask for smaller pages, fewer items or fewer fields."
    )
    if answer.kind is OperationType.MUTATION:
        told += " What the mutation did stands: repeat it with the same idempotency key, and ask for less."
    _log.warning("an answer was too large to be sent", found=found, limit=limit)
    failed = Answer(None, (fault(told, ANSWER_TOO_LARGE, found=found, limit=limit),), kind=answer.kind)
    return failed, orjson.dumps({"errors": failed.errors, "data": None})
