"""From HTTP to a GraphQL request: query, operationName, variables, extensions (GraphQL over HTTP, "Request")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from gateway.http.body import decode_json
from gateway.http.errors import HttpFault
from gateway.http.settings import HttpSettings

_PARAMETERS_MAX = 32  # Four are ours; the rest is what campaigns and proxies append.
_NAMES = ("query", "operationName", "variables", "extensions")


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One well-formed request. `query` is the text of the document, which need not be GraphQL."""

    query: str
    operation_name: str | None = None
    variables: Mapping[str, object] | None = None
    extensions: Mapping[str, object] = field(default_factory=dict)


def from_body(body: bytes, settings: HttpSettings) -> GraphQLRequest | list[GraphQLRequest]:
    """The request of a POST body; a list of them where batches are allowed. Raises HttpFault (400)."""
    value = decode_json(body, settings.json_depth_max)
    if isinstance(value, dict):
        return _request(value)
    if not isinstance(value, list):
        raise HttpFault(400, "BAD_REQUEST", "The body is a JSON object with the key query.")
    if not settings.batch_max:
        raise HttpFault(400, "BATCHING_DISABLED", "Batches are not answered here; send one operation per request.")
    if not 1 <= len(value) <= settings.batch_max:
        raise HttpFault(400, "BATCH_TOO_LARGE", f"A batch has 1 to {settings.batch_max} operations.")
    if not all(isinstance(one, dict) for one in value):
        raise HttpFault(400, "BAD_REQUEST", "Each operation of a batch is a JSON object with the key query.")
    return [_request(one) for one in value]


def from_query_string(query_string: bytes, settings: HttpSettings) -> GraphQLRequest:
    """The request of a GET. Raises HttpFault (400)."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_PARAMETERS_MAX
        )
    except ValueError as bad:
        raise HttpFault(400, "BAD_REQUEST", "The query component of the URL is not form-encoded UTF-8.") from bad
    ours = [(name, value) for name, value in pairs if name in _NAMES]
    # Empty is the same as absent, by the specification.
    given: dict[str, object] = {name: value for name, value in ours if value}
    if len({name for name, _ in ours}) < len(ours):
        raise HttpFault(400, "BAD_REQUEST", "Each of query, operationName, variables and extensions is given once.")
    for name in ("variables", "extensions"):
        text = given.get(name)
        if isinstance(text, str):
            given[name] = decode_json(text.encode(), settings.json_depth_max)
    return _request(given)


def _request(given: Mapping[str, object]) -> GraphQLRequest:
    """Check the types of what we know; what we do not know is ignored, as the specification asks."""
    query, name = given.get("query"), given.get("operationName")
    extensions = _object(given, "extensions") or {}
    if query is None and "persistedQuery" in extensions:
        # The code and the text by which Apollo's and urql's clients know to send the document itself.
        raise HttpFault(400, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    if not isinstance(query, str) or not query:
        raise HttpFault(400, "BAD_REQUEST", "query is the text of a GraphQL document.")
    if name is not None and not isinstance(name, str):
        raise HttpFault(400, "BAD_REQUEST", "operationName is a string or null.")
    return GraphQLRequest(query, name or None, _object(given, "variables"), extensions)


def _object(given: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    value = given.get(name)
    if value is not None and not isinstance(value, dict):
        raise HttpFault(400, "BAD_REQUEST", f"{name} is a JSON object or null.")
    return value
