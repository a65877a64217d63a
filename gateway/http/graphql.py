"""GraphQL over HTTP (graphql/graphql-over-http, draft of August 2026): one bare ASGI endpoint, GET and POST.

Cross-site requests: a POST must be application/json, which a browser sends to another origin only after a CORS
preflight, and a GET runs queries only, whose answers the same-origin policy keeps from other sites. `origins.py` stands
before that, and refuses pages nobody named.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from domains.upstream import Deadline, deadline_scope, path_scope
from domains.vocabulary import ServingPath
from gateway.engine import METHOD_NOT_ALLOWED, SUBSCRIPTION_UNSUPPORTED, Answer, Engine, Toll
from gateway.http.accept import GRAPHQL, LEGACY, negotiate
from gateway.http.auditing import Auditor
from gateway.http.body import check_framing
from gateway.http.caching import Lifetime, cache_headers
from gateway.http.encoding import encoded
from gateway.http.errors import ClientGone, HttpFault, Reply, retry_after, too_much
from gateway.http.idempotency import REPLAYED_HEADER
from gateway.http.request import AsSent, Documents, GraphQLRequest, read_request
from gateway.http.settings import DEFAULT_SETTINGS, HttpSettings
from gateway.http.watch import while_awaited
from gateway.identity import Unauthenticated
from gateway.limits import BUDGET_SPENT, Refused
from gateway.paths import document_path
from gateway.permits import FORBIDDEN, NOBODY, UNAUTHENTICATED, Held, challenge

_ALLOW = "GET, POST, OPTIONS"
# The handshake of automatic persisted queries is no failure, and old clients take another status for one.
_TOLD_WITH_200 = frozenset({"PERSISTED_QUERY_NOT_FOUND"})
# Found wrong after the document was parsed, hence "unprocessable" in the words of the 2026 draft; syntax stays 400.
_PARSED = frozenset({"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "OPERATION_RESOLUTION_FAILURE"})
# Refusals of a whole operation that HTTP has a status for, whatever the media type: proxies and clients act on these.
_REFUSED_WITH = {BUDGET_SPENT: 429, UNAUTHENTICATED: 401, FORBIDDEN: 403}


Turns = Callable[[int], AbstractAsyncContextManager[Toll | None]]
"""The turn of a request with so many operations, 0 for one that the house asks itself for a stream. Entering it raises
Refused; what it gives is asked before each operation runs."""


def free(_: int) -> AbstractAsyncContextManager[Toll | None]:
    """No limits."""
    return nullcontext(None)


def _nothing(_: Answer) -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A caller who may ask: the context the resolvers get, and what the door decided about the caller.

    `engine` is the caller's view of the schema, None for the endpoint's own; `path` is on whose time the answer is
    made, None where no path is shut to any system; `owner` is whose the request is, None for callers who share a name;
    `held` is what the caller brings to fields that ask for it; `trusted_only` lets no documents run but those that are
    trusted, `turn` is the caller's at the gate, and `auditor` hears of every operation.
    The others are asked once the operation has run: what `extensions` says goes out as `extensions` of the response,
    `lifetime` is how long the answer is good for, None when nobody can say, `may_be_shared` whether a cache may hand it
    to others who ask the same, and `replayed` whether a part of it was done for an earlier request.
    """

    context: object
    engine: Engine | None = None
    may_introspect: bool = False
    path: ServingPath | None = None
    owner: str | None = None
    held: Held = NOBODY
    trusted_only: bool = False
    turn: Turns = free
    auditor: Auditor | None = None
    extensions: Callable[[Answer], Mapping[str, object]] = field(default=_nothing)
    lifetime: Callable[[], Lifetime | None] = field(default=lambda: None)
    may_be_shared: Callable[[], bool] = field(default=lambda: False)
    replayed: Callable[[], bool] = field(default=lambda: False)


def check_trusted(asked: GraphQLRequest, admitted: Admitted) -> None:
    """Raises HttpFault (403) for a document that this caller may not send."""
    if admitted.trusted_only and not asked.trusted:
        told = "This caller may run trusted documents only: name one by its documentId, or by its sha256Hash."
        raise HttpFault(403, "DOCUMENT_NOT_TRUSTED", told)


@asynccontextmanager
async def let_in(
    engine: Engine, asked: Sequence[GraphQLRequest], admitted: Admitted, operations: int | None = None
) -> AsyncIterator[Toll | None]:
    """The caller's turn with `asked`; `operations` are how many of them count, by default all.

    Raises HttpFault (403) for a document that they may not send, and Refused.
    """
    inside = False
    try:
        for one in asked:
            check_trusted(one, admitted)
        async with admitted.turn(len(asked) if operations is None else operations) as toll:
            inside = True
            yield toll
    except (HttpFault, Refused) as refused:
        if not inside and admitted.auditor is not None:
            code = refused.code if isinstance(refused, HttpFault) else refused.refusal.code
            await admitted.auditor.turned_away(asked, admitted.engine or engine, code)
        raise


async def run(
    engine: Engine,
    asked: GraphQLRequest,
    admitted: Admitted,
    toll: Toll | None,
    *,
    only_query: bool,
    occasion: object | None = None,
) -> Answer:
    """Run one operation for a caller, on the path that its document says it is on if the caller may have that."""
    path = document_path(admitted.path, asked.path)
    engine = admitted.engine or engine

    async def answered() -> Answer:
        with nullcontext() if path is None or path is admitted.path else path_scope(path):
            return await engine.run(
                asked.query,
                asked.variables,
                asked.operation_name,
                admitted.context,
                only_query,
                may_introspect=admitted.may_introspect,
                path=path,
                occasion=occasion,
                toll=toll,
                held=admitted.held,
                comes_again=asked.trusted,
            )

    return await (answered() if admitted.auditor is None else admitted.auditor.heard(asked, engine, answered))


OpenContext = Callable[[Scope, Deadline], AbstractAsyncContextManager[Admitted]]
"""Opens the context of one request and closes it when the request has ended, however it ended. To turn a caller away
it raises Unauthenticated (401) or any HttpFault."""


class GraphQLEndpoint:
    """The ASGI application behind `/graphql`. Every answer, also a refusal, has the shape of a GraphQL response."""

    def __init__(
        self,
        engine: Engine,
        open_context: OpenContext,
        settings: HttpSettings = DEFAULT_SETTINGS,
        documents: Documents | None = None,
    ) -> None:
        self._engine = engine
        self._documents = documents or AsSent()
        self._open_context = open_context
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = Headers(scope=scope)
        media = negotiate(",".join(headers.getlist("accept")))
        try:
            reply = await self._reply(scope, headers, media, receive)
        except ClientGone:
            return
        except HttpFault as trouble:
            refusal = Answer(None, (trouble.fault,), is_request_error=True)
            _, body = encoded(refusal, {})
            status = 200 if media == LEGACY and trouble.code in _TOLD_WITH_200 else trouble.status
            reply = self._response(media or LEGACY, status, body, trouble.headers)
        await reply.send(send)

    async def _reply(self, scope: Scope, headers: Headers, media: str | None, receive: Receive) -> Reply:
        check_framing(scope, self._settings)
        method = scope["method"]
        if method == "OPTIONS":
            return Reply(204, b"", {"Allow": _ALLOW})
        if method not in {"GET", "POST"}:
            raise HttpFault(405, METHOD_NOT_ALLOWED, "GraphQL is asked by GET or POST.", headers={"Allow": _ALLOW})
        if media is None:
            raise HttpFault(406, "NOT_ACCEPTABLE", f"Answers are {GRAPHQL} or {LEGACY}; accept one of them.")
        asked = await self._found(await read_request(scope, headers, receive, self._settings))
        seconds = self._seconds(headers)
        with deadline_scope(seconds) as deadline:
            work = self._answered(asked, scope, deadline, media)
            return await while_awaited(
                work,
                receive,
                limit_s=seconds + self._settings.request_grace_s,
                cancel_timeout_s=self._settings.cancel_timeout_s,
            )

    async def _found(self, asked: GraphQLRequest | list[GraphQLRequest]) -> GraphQLRequest | list[GraphQLRequest]:
        if isinstance(asked, GraphQLRequest):
            return await self._documents.find(asked)
        return [await self._documents.find(one) for one in asked]

    def _seconds(self, headers: Headers) -> float:
        """How long this request may take. Asking for less harms only whoever asks, so anyone may; for more, nobody."""
        asked = headers.get("x-request-deadline-ms", "")
        if asked.isascii() and asked.isdigit() and len(asked) <= 9 and int(asked) > 0:
            return min(int(asked) / 1000, self._settings.request_timeout_s)
        return self._settings.request_timeout_s

    async def _answered(
        self, asked: GraphQLRequest | list[GraphQLRequest], scope: Scope, deadline: Deadline, media: str
    ) -> Reply:
        only_query = scope["method"] == "GET"
        try:
            async with self._open_context(scope, deadline) as admitted:
                if isinstance(asked, GraphQLRequest):
                    async with let_in(self._engine, (asked,), admitted) as toll:
                        answer, body = await self._run(asked, admitted, toll, only_query)
                    headers = self._cache_headers(answer, admitted, scope) | _told(answer) | _replayed(admitted)
                    return self._response(media, self._status(answer, media), body, headers)
                async with let_in(self._engine, asked, admitted) as toll:
                    # One context for all: its loaders gather the calls of the whole batch.
                    pairs = await asyncio.gather(*(self._run(one, admitted, toll, only_query) for one in asked))
                bodies = b"[" + b",".join(body for _, body in pairs) + b"]"
                return self._response(LEGACY, 200, bodies, _replayed(admitted))
        except Refused as refused:
            raise too_much(refused.refusal) from refused
        except Unauthenticated as unknown:
            challenge = {"WWW-Authenticate": unknown.challenge}
            raise HttpFault(401, unknown.code, str(unknown), headers=challenge) from unknown

    async def _run(
        self, asked: GraphQLRequest, admitted: Admitted, toll: Toll | None, only_query: bool
    ) -> tuple[Answer, bytes]:
        answer = await run(self._engine, asked, admitted, toll, only_query=only_query)
        if asked.digest is not None and not answer.is_request_error:
            await self._documents.ran(asked)
        return encoded(answer, admitted.extensions(answer))

    def _cache_headers(self, answer: Answer, admitted: Admitted, scope: Scope) -> dict[str, str]:
        lifetime = admitted.lifetime()
        return cache_headers(
            answer,
            lifetime,
            names_caller="authorization" in Headers(scope=scope),
            may_be_shared=lifetime is not None and admitted.may_be_shared(),
            otherwise=self._settings.cache_control,
        )

    def _status(self, answer: Answer, media: str) -> int:
        """The status code of an answer, by the media type it has ("Status Codes" in the draft)."""
        if answer.code == METHOD_NOT_ALLOWED:
            return 405
        if answer.is_request_error and (status := _REFUSED_WITH.get(answer.code or "")) is not None:
            return status
        if answer.code == SUBSCRIPTION_UNSUPPORTED:
            return 400  # also for old clients: they would wait for a stream that never comes
        if media == LEGACY or not answer.errors:
            return 200
        if not answer.is_request_error:
            return self._settings.partial_status
        return self._settings.unprocessable_status if answer.code in _PARSED else 400

    def _response(self, media: str, status: int, body: bytes, headers: Mapping[str, str]) -> Reply:
        own = {
            "Content-Type": f"{media}; charset=utf-8",
            "Cache-Control": self._settings.cache_control,
            "Vary": "Accept, Authorization",
        }
        return Reply(status, body, own | dict(headers))


def _replayed(admitted: Admitted) -> dict[str, str]:
    return {REPLAYED_HEADER: "true"} if admitted.replayed() else {}


def _told(answer: Answer) -> dict[str, str]:
    """A 405 says which method would do (RFC 9110, 15.5.6), a 429 when to come back, a 401 or 403 what is missing."""
    if not answer.is_request_error:
        return {}
    if answer.code == METHOD_NOT_ALLOWED:
        return {"Allow": "POST"}
    said = [extensions for one in answer.errors if isinstance(extensions := one.get("extensions"), Mapping)]
    if answer.code in {UNAUTHENTICATED, FORBIDDEN}:
        missing = (scope for extensions in said for scope in extensions.get("missingScopes", ()))
        return {"WWW-Authenticate": challenge(answer.code, missing)}
    return retry_after(said[0]) if answer.code == BUDGET_SPENT and said else {}
