"""Refusals and faults as RFC 9457 problem details."""

from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from domains.sandbox.chassis.route import Refused

CORRELATION = "X-Correlation-Id"


def echo(request: Request) -> dict[str, str]:
    """The headers of every answer to `request`: its correlation id, if it has one."""
    correlation_id = request.headers.get(CORRELATION)
    return {} if correlation_id is None else {CORRELATION: correlation_id}


def problem(refusal: Refused, headers: dict[str, str]) -> Response:
    """`application/problem+json`; a member `retry_after_s` is also sent as the Retry-After header."""
    known = refusal.status in HTTPStatus.__members__.values()
    body = {
        "title": HTTPStatus(refusal.status).phrase if known else "Error",
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.detail,
        **refusal.members,
    }
    if "retry_after_s" in refusal.members:
        headers = {**headers, "Retry-After": str(refusal.members["retry_after_s"])}
    return Response(
        orjson.dumps(body), status_code=refusal.status, headers=headers, media_type="application/problem+json"
    )


async def on_http_exception(request: Request, exc: Exception) -> Response:
    """Unknown paths and methods, as the router raises them."""
    status = exc.status_code if isinstance(exc, HTTPException) else 500
    code = HTTPStatus(status).name
    return problem(Refused(status, code, f"{request.method} {request.url.path} is not offered."), echo(request))


async def on_bug(request: Request, exc: Exception) -> Response:
    """A handler broke. The server logs the traceback; the caller only learns that it is not their fault."""
    return problem(Refused(500, "INTERNAL", f"The sandbox has a bug ({type(exc).__name__})."), echo(request))
