"""A GraphQL response as JSON in UTF-8."""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson
import structlog

from gateway.engine import Answer, internal_fault

_log = structlog.get_logger(__name__)


def encoded(answer: Answer, extensions: Mapping[str, object]) -> bytes:
    """The body of a response. Without `data` after a request error; errors first, so that a reader sees them."""
    response: dict[str, object] = {}
    if answer.errors:
        response["errors"] = answer.errors
    if not answer.is_request_error:
        response["data"] = answer.data
    if extensions:
        response["extensions"] = extensions
    try:
        return orjson.dumps(response)
    except TypeError as refused:
        return _slowly(response, refused)


def _slowly(response: Mapping[str, object], refused: TypeError) -> bytes:
    """orjson stops at 64-bit integers and at lone surrogates, which JSON itself allows; json writes both.

    What even json refuses is a scalar that serialises to something that is no JSON value: a bug of ours.
    """
    try:
        return json.dumps(response, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        _log.error("answer cannot be encoded", exc_info=refused)
        return orjson.dumps({"errors": [internal_fault()], "data": None})
