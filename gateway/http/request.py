"""From HTTP to a GraphQL request: query, operationName, variables, extensions (GraphQL over HTTP, "Request")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive, Scope

from domains.vocabulary import ServingPath
from gateway.http.body import check_json_content, decode_json, read_body
from gateway.http.errors import HttpFault
from gateway.http.head import Head
from gateway.http.idempotency import IDEMPOTENCY_HEADER, IDEMPOTENCY_LINE
from gateway.http.settings import HttpSettings

_PARAMETERS_MAX = 32  # Five are ours; the rest is what campaigns and proxies append.
_NAMES = ("query", "documentId", "operationName", "variables", "extensions")


# A struct, which is made in a fifth of the time of a frozen dataclass.
class GraphQLRequest(msgspec.Struct, frozen=True):
    """One well-formed request. `query` is the text of the document, which need not be GraphQL.

    Where a request names a document instead, by `document_id` or by Apollo's extension, `query` is empty until
    `Documents` have found it. What they know of it then stands here too: whether it is `trusted`, the `path` it says it
    is on, and the `digest` under which it is to be remembered once it has run.
    """

    query: str
    operation_name: str | None = None
    variables: Mapping[str, object] | None = None
    extensions: Mapping[str, object] = msgspec.field(default_factory=dict)
    document_id: str | None = None
    trusted: bool = False
    path: ServingPath | None = None
    digest: str | None = None


# What is not known is not passed over: msgspec does not look whether that is JSON in UTF-8.
class _Sent(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A body as nearly all are: every member of its type or absent, and no others."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


_sent = msgspec.json.Decoder(_Sent)


class Documents(Protocol):
    """Where the texts of documents are that a client names instead of sending them."""

    async def find(self, asked: GraphQLRequest) -> GraphQLRequest:
        """`asked` with its text. Raises HttpFault when there is none."""

    async def ran(self, asked: GraphQLRequest) -> None:
        """`asked` has run, so its text may be remembered."""


class AsSent:
    """Every document is sent with its request."""

    async def find(self, asked: GraphQLRequest) -> GraphQLRequest:
        if asked.query:
            return asked
        if asked.document_id is not None:
            raise HttpFault(400, "PERSISTED_DOCUMENTS_NOT_SUPPORTED", "Documents are not kept here; send the query.")
        raise persisted_queries_not_supported()

    async def ran(self, asked: GraphQLRequest) -> None:
        """Nothing is remembered."""


def persisted_queries_not_supported() -> HttpFault:
    """The code and the text by which Apollo's and urql's clients know to send the document itself from now on."""
    return HttpFault(400, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")


async def read_request(
    scope: Scope, head: Head, receive: Receive, settings: HttpSettings
) -> GraphQLRequest | list[GraphQLRequest]:
    """The request of a GET or POST; a list of them where batches are allowed. Raises HttpFault and ClientGone."""
    if scope["method"] == "GET":
        return from_query_string(scope["query_string"], settings)
    check_json_content(head)
    body = await read_body(scope, receive, settings)
    asked = _at_sight(body, settings) or from_body(body, settings)
    if isinstance(asked, list) and IDEMPOTENCY_LINE in head:
        told = f"{IDEMPOTENCY_HEADER} names one operation; in a batch, send each its own idempotencyKey."
        raise HttpFault(400, "BAD_REQUEST", told)
    return asked


def _at_sight(body: bytes, settings: HttpSettings) -> GraphQLRequest | None:
    """The request of a body that is well in every way, decoded in one go; None for one that has to be looked at."""
    if body.count(b"{") + body.count(b"[") > settings.json_depth_max:
        return None
    try:
        sent = _sent.decode(body)
    except (ValueError, RecursionError):
        return None
    query, id_ = sent.query, sent.document_id
    if (not query) if id_ is None else (not id_ or bool(query)):
        return None
    return GraphQLRequest(query or "", sent.operation_name or None, sent.variables, sent.extensions or {}, id_)


def from_body(body: bytes, settings: HttpSettings) -> GraphQLRequest | list[GraphQLRequest]:
    """The request of a POST body; a list of them where batches are allowed. Raises HttpFault (400)."""
    value = decode_json(body, settings.json_depth_max)
    if isinstance(value, dict):
        return request_of(value)
    if not isinstance(value, list):
        raise HttpFault(400, "BAD_REQUEST", "The body is a JSON object with the key query.")
    if not settings.batch_max:
        raise HttpFault(400, "BATCHING_DISABLED", "Batches are not answered here; send one operation per request.")
    if not 1 <= len(value) <= settings.batch_max:
        raise HttpFault(400, "BATCH_TOO_LARGE", f"A batch has 1 to {settings.batch_max} operations.")
    if not all(isinstance(one, dict) for one in value):
        raise HttpFault(400, "BAD_REQUEST", "Each operation of a batch is a JSON object with the key query.")
    return [request_of(one) for one in value]


def from_query_string(query_string: bytes, settings: HttpSettings) -> GraphQLRequest:
    """The request of a GET. Raises HttpFault (400)."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_PARAMETERS_MAX
        )
    except ValueError as bad:
        said = f"The query component of the URL is form-encoded UTF-8, of at most {_PARAMETERS_MAX} parameters."
        raise HttpFault(400, "BAD_REQUEST", said) from bad
    ours = [(name, value) for name, value in pairs if name in _NAMES]
    # Empty is the same as absent, by the specification.
    given: dict[str, object] = {name: value for name, value in ours if value}
    if len({name for name, _ in ours}) < len(ours):
        raise HttpFault(400, "BAD_REQUEST", f"Each of {', '.join(_NAMES)} is given once.")
    for name in ("variables", "extensions"):
        text = given.get(name)
        if isinstance(text, str):
            given[name] = decode_json(text.encode(), settings.json_depth_max, f"The parameter {name}")
    return request_of(given)


def request_of(given: Mapping[str, object]) -> GraphQLRequest:
    """The request that a JSON object holds. What we do not know is ignored, as the specification asks.

    Raises HttpFault (400).
    """
    query, name, id_ = given.get("query"), given.get("operationName"), given.get("documentId")
    extensions = _object(given, "extensions") or {}
    if id_ is not None:
        if not isinstance(id_, str) or not id_ or query:
            raise HttpFault(400, "BAD_REQUEST", "documentId is a text, and stands instead of query.")
        query = ""
    elif query is None and "persistedQuery" in extensions:
        query = ""
    elif not isinstance(query, str) or not query:
        raise HttpFault(400, "BAD_REQUEST", "query is the text of a GraphQL document.")
    if name is not None and not isinstance(name, str):
        raise HttpFault(400, "BAD_REQUEST", "operationName is a string or null.")
    return GraphQLRequest(query, name or None, _object(given, "variables"), extensions, id_)


def _object(given: Mapping[str, object], name: str) -> Mapping[str, object] | None:
    value = given.get(name)
    if value is not None and not isinstance(value, dict):
        raise HttpFault(400, "BAD_REQUEST", f"{name} is a JSON object or null.")
    return value
