"""A GraphQL response as JSON in UTF-8."""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson
import structlog

from gateway.engine import Answer, Lasting, internal_fault

_log = structlog.get_logger(__name__)


def encoded(answer: Answer, extensions: Mapping[str, object]) -> tuple[Answer, bytes]:
    """The body of a response, and the answer that it holds: another one when `answer` cannot be written as JSON.

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
        return answer, orjson.dumps(response)
    except TypeError as refused:
        if not answer.is_request_error:
            response["data"] = answer.data
        return _slowly(answer, response, refused)


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
