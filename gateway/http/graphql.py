"""GraphQL over HTTP (graphql/graphql-over-http, draft of August 2026): one bare ASGI endpoint, GET and POST.

Cross-site requests: a POST must be application/json, which a browser sends to another origin only after a CORS
preflight, and a GET runs queries only, whose answers the same-origin policy keeps from other sites. `origins.py` stands
before that, and refuses pages nobody named.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from functools import partial

from starlette.types import Receive, Scope, Send

from domains.upstream import Deadline, deadline_scope
from gateway.answers import Answers, AnswerSettings, Made, Question, Whole
from gateway.engine import METHOD_NOT_ALLOWED, SUBSCRIPTION_UNSUPPORTED, Answer, Engine, Toll
from gateway.http.accept import GRAPHQL, LEGACY, negotiate
from gateway.http.admitted import Admitted, OpenContext, let_in, run
from gateway.http.body import check_framing
from gateway.http.caching import cache_headers, public_headers, public_lifetime
from gateway.http.conditional import tagged
from gateway.http.encoding import encoded
from gateway.http.errors import ClientGone, HttpFault, Reply, retry_after, too_much
from gateway.http.head import Head, head_of
from gateway.http.idempotency import REPLAYED_HEADER
from gateway.http.known import Given, note
from gateway.http.request import AsSent, Documents, GraphQLRequest, read_request
from gateway.http.settings import DEFAULT_SETTINGS, HttpSettings
from gateway.http.sharing import question_of
from gateway.http.watch import WhileAwaited
from gateway.identity import Unauthenticated
from gateway.limits import BUDGET_SPENT, Refused
from gateway.permits import FORBIDDEN, UNAUTHENTICATED, challenge

_METHODS = frozenset({"GET", "POST"})
_ALLOW = "GET, POST, OPTIONS"
_UTF8 = {media: f"{media}; charset=utf-8" for media in (GRAPHQL, LEGACY)}
_REPLAYED = {REPLAYED_HEADER: "true"}
# The handshake of automatic persisted queries is no failure, and old clients take another status for one.
_TOLD_WITH_200 = frozenset({"PERSISTED_QUERY_NOT_FOUND"})
# Found wrong after the document was parsed, hence "unprocessable" in the words of the 2026 draft; syntax stays 400.
_PARSED = frozenset({"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT", "OPERATION_RESOLUTION_FAILURE"})
# Refusals of a whole operation that HTTP has a status for, whatever the media type: proxies and clients act on these.
_REFUSED_WITH = {BUDGET_SPENT: 429, UNAUTHENTICATED: 401, FORBIDDEN: 403}


class GraphQLEndpoint:
    """The ASGI application behind `/graphql`. Every answer, also a refusal, has the shape of a GraphQL response."""

    def __init__(
        self,
        engine: Engine,
        open_context: OpenContext,
        settings: HttpSettings = DEFAULT_SETTINGS,
        documents: Documents | None = None,
        answers: Answers | None = None,
    ) -> None:
        self._engine = engine
        self._answers = answers or Answers(AnswerSettings(enabled=False))
        self._documents = documents or AsSent()
        self._open_context = open_context
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        head = head_of(scope)
        media = negotiate(head.joined(b"accept"))
        settings = self._settings
        try:
            check_framing(scope, settings)
            if scope["method"] in _METHODS and media is not None:
                asked = await read_request(scope, head, receive, settings)
                if isinstance(asked, GraphQLRequest):
                    asked = await self._documents.find(asked)
                else:
                    asked = [await self._documents.find(one) for one in asked]
                seconds = self._seconds(head)
                with (
                    deadline_scope(seconds) as deadline,
                    WhileAwaited(
                        receive,
                        limit_s=seconds + settings.request_grace_s,
                        cancel_timeout_s=settings.cancel_timeout_s,
                        tell=lambda late: self._refusal(late, media).send(send),
                    ),
                ):
                    reply = await self._answered(asked, scope, head, deadline, media)
            else:
                reply = _unasked(scope["method"])
        except ClientGone:
            return
        except HttpFault as trouble:
            reply = self._refusal(trouble, media)
        await reply.send(send)

    def _refusal(self, trouble: HttpFault, media: str | None) -> Reply:
        refusal = Answer(None, (trouble.fault,), is_request_error=True)
        _, body = encoded(refusal, {})
        status = 200 if media == LEGACY and trouble.code in _TOLD_WITH_200 else trouble.status
        return self._response(media or LEGACY, status, body, trouble.headers)

    def _seconds(self, head: Head) -> float:
        """How long this request may take. Asking for less harms only whoever asks, so anyone may; for more, nobody."""
        asked = head.first(b"x-request-deadline-ms")
        if asked is None:
            return self._settings.request_timeout_s
        if asked.isascii() and asked.isdigit() and len(asked) <= 9 and int(asked) > 0:
            return min(int(asked) / 1000, self._settings.request_timeout_s)
        return self._settings.request_timeout_s

    async def _answered(
        self,
        asked: GraphQLRequest | list[GraphQLRequest],
        scope: Scope,
        head: Head,
        deadline: Deadline,
        media: str,
    ) -> Reply:
        by_get = scope["method"] == "GET"
        try:
            async with self._open_context(scope, deadline) as admitted:
                if not isinstance(asked, GraphQLRequest):
                    return await self._batch(asked, admitted, head, by_get=by_get)
                async with let_in(self._engine, (asked,), admitted) as toll:
                    question = question_of(self._answers, asked, admitted, self._engine, head)
                    if question is None:
                        return (await self._made(asked, admitted, toll, head, media, by_get=by_get)).own
                    make = partial(self._made, asked, admitted, toll, head, media, by_get=by_get, question=question)
                    given = await self._answers.ask(question, make, partial(_left_s, deadline))
                    if isinstance(given, Reply):
                        return given
                    reply = self._given_again(given, scope, media)
                    if admitted.passing is not None:
                        note(scope, Given(question, admitted.passing, reply.headers.get("ETag")))
                    return reply
        except Refused as refused:
            raise too_much(refused.refusal) from refused
        except Unauthenticated as unknown:
            challenge = {"WWW-Authenticate": unknown.challenge}
            raise HttpFault(401, unknown.code, str(unknown), headers=challenge) from unknown

    async def _batch(self, asked: list[GraphQLRequest], admitted: Admitted, head: Head, *, by_get: bool) -> Reply:
        """One context for all: its loaders gather the calls of the whole batch."""
        async with let_in(self._engine, asked, admitted) as toll:
            made = await asyncio.gather(
                *(self._made(one, admitted, toll, head, LEGACY, by_get=by_get) for one in asked)
            )
        bodies = b"[" + b",".join(one.own.body for one in made) + b"]"
        return self._response(LEGACY, 200, bodies, _REPLAYED if admitted.replayed() else {})

    async def _made(
        self,
        asked: GraphQLRequest,
        admitted: Admitted,
        toll: Toll | None,
        head: Head,
        media: str,
        *,
        by_get: bool,
        question: Question | None = None,
    ) -> Made[Reply]:
        """The answer of a run, and the same for others if anybody may be given it and somebody may ask for it."""
        answer = await run(self._engine, asked, admitted, toll, only_query=by_get)
        if asked.digest is not None and not answer.is_request_error:
            await self._documents.ran(asked)
        answer, body = encoded(answer, admitted.extensions(answer), self._settings.answer_max_bytes)
        lifetime = public_lifetime(answer, admitted, head)
        told = cache_headers(lifetime, head, otherwise=self._settings.cache_control)
        if answer.errors:
            told |= _told(answer)
        if admitted.replayed():
            told |= _REPLAYED
        reply = self._response(media, self._status(answer, media) if answer.errors else 200, body, told)
        if lifetime is None or (question is None and not by_get):
            return Made(reply)
        whole = Whole.of(body, lifetime)
        if whole is not None and by_get:
            reply = tagged(reply, whole.etag, head)
        return Made(reply, whole, admitted.shared_reads())

    def _given_again(self, whole: Whole, scope: Scope, media: str) -> Reply:
        body, lifetime = whole.again(self._answers.clock())
        reply = self._response(media, 200, body, public_headers(lifetime))
        return tagged(reply, whole.etag, head_of(scope)) if scope["method"] == "GET" else reply

    def _status(self, answer: Answer, media: str) -> int:
        """The status code of an answer with errors, by the media type it has ("Status Codes" in the draft)."""
        if answer.code == METHOD_NOT_ALLOWED:
            return 405
        if answer.is_request_error and (status := _REFUSED_WITH.get(answer.code or "")) is not None:
            return status
        if answer.code == SUBSCRIPTION_UNSUPPORTED:
            return 400  # also for old clients: they would wait for a stream that never comes
        if media == LEGACY:
            return 200
        if not answer.is_request_error:
            return self._settings.partial_status
        return self._settings.unprocessable_status if answer.code in _PARSED else 400

    def _response(self, media: str, status: int, body: bytes, headers: Mapping[str, str]) -> Reply:
        own = {
            "Content-Type": _UTF8[media],
            "Cache-Control": self._settings.cache_control,
            "Vary": "Accept, Authorization",
            **headers,
        }
        return Reply(status, body, own)


def _unasked(method: str) -> Reply:
    """The answer to a request that asks nothing. Raises HttpFault (405, 406)."""
    if method == "OPTIONS":
        return Reply(204, b"", {"Allow": _ALLOW})
    if method not in _METHODS:
        raise HttpFault(405, METHOD_NOT_ALLOWED, "GraphQL is asked by GET or POST.", headers={"Allow": _ALLOW})
    raise HttpFault(406, "NOT_ACCEPTABLE", f"Answers are {GRAPHQL} or {LEGACY}; accept one of them.")


def _left_s(deadline: Deadline) -> float:
    return deadline.remaining_s(time.monotonic())


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
