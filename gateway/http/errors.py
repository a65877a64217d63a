"""Failures outside of GraphQL: what HTTP itself refuses, and the last resort for bugs."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from domains.upstream import correlation_id
from gateway.engine import Fault, fault, internal_fault
from gateway.http.marks import Marks, lines_of, marks_of
from gateway.limits import Refusal

_log = structlog.get_logger(__name__)


class HttpFault(Exception):
    """A request that is answered with `status` and one coded error. `headers` go out with it, `details` beside the
    code.

    With `close` the connection ends after the answer, because the rest of what was sent is not read.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        close: bool = False,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {}) | ({"Connection": "close"} if close else {})

    @property
    def fault(self) -> Fault:
        """The same as an entry of GraphQL's `errors`."""
        return fault(self.message, self.code, **self.details)


def too_much(refusal: Refusal) -> HttpFault:
    """A whole request refused for what its caller has asked already (RFC 6585, 4)."""
    return HttpFault(
        429,
        refusal.code,
        refusal.message,
        headers=retry_after(refusal.extensions),
        details=refusal.extensions,
    )


def retry_after(extensions: Mapping[str, object]) -> dict[str, str]:
    """The header that says what the extensions of an error say (RFC 9110, 10.2.3)."""
    seconds = extensions.get("retryAfterSeconds")
    return {} if seconds is None else {"Retry-After": str(seconds)}


class ClientGone(Exception):
    """The client has closed the connection: nobody is there to be answered."""


BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
"""Answers without a body, and so without a length of it (RFC 9110, 8.6)."""


class Reply(NamedTuple):
    """A complete HTTP response."""

    status: int
    body: bytes
    headers: dict[str, str]

    async def send(self, send: Send) -> None:
        """Send it as a whole where the server takes it so, or else as two ASGI messages."""
        has_length = self.status not in BODILESS
        if type(send) is Marks and send.sends(self.status, self.headers, self.body, has_length=has_length):
            return
        raw = lines_of(self.headers)
        if has_length:
            raw.append((b"content-length", b"%d" % len(self.body)))
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body})


def problem(trouble: HttpFault) -> Reply:
    """The answer of an endpoint that does not speak GraphQL: problem details (RFC 9457) with our code beside them."""
    body = {
        "title": HTTPStatus(trouble.status).phrase,
        "status": trouble.status,
        "detail": trouble.message,
        "code": trouble.code,
        "correlationId": correlation_id.get(),
    }
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    return Reply(trouble.status, orjson.dumps(body), headers | trouble.headers)


class LastResort:
    """Middleware that turns an exception nobody caught into a coded 500, and logs it with its traceback.

    HttpFault from an endpoint that does not speak GraphQL becomes problem details. Once an answer has begun nothing can
    be told any more: the exception goes on to the server, which cuts the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; answer only for what failed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        marks = marks_of(send)
        try:
            await self._app(scope, receive, marks)
        except ClientGone:
            return
        except HttpFault as trouble:
            if marks.begun:
                raise
            await problem(trouble).send(marks)
        except Exception as error:
            # The wall: whatever is left here is a bug, told to the log and not to the client.
            _log.error("request failed", path=scope.get("path"), exc_info=error)
            if marks.begun:
                raise
            headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
            await Reply(500, orjson.dumps({"errors": [internal_fault()]}), headers).send(marks)
