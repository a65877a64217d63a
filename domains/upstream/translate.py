"""The one wall where transport exceptions and HTTP statuses become the error tree."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
import httpx
import msgspec

from domains.upstream.breaker import Verdict
from domains.upstream.pacing import retry_after_s
from domains.vocabulary import (
    SystemRole,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamSaturated,
    UpstreamThrottled,
    UpstreamTimeout,
    UpstreamUnreachable,
)

DETAIL_MAX = 200  # characters of a vendor's text that go to the logs

# It passes by itself, unlike every other 4xx: by RFC 9110, 15.5.9, the request came late or not whole and may be
# repeated. It does not say that nothing was done, because gateways send it of systems that take too long behind them.
_REQUEST_TIMEOUT = 408

# By class, the nearest ancestor decides. aiohttp is listed beside httpx because httpx-aiohttp 0.2 lets its response
# errors through as they are, and calls a refused connection and a reset both ConnectTimeout: the cause tells more.
FAULTS: Mapping[type[Exception], type[UpstreamError]] = {
    aiohttp.ClientError: UpstreamUnreachable,
    aiohttp.ClientPayloadError: UpstreamGarbled,
    aiohttp.ConnectionTimeoutError: UpstreamUnreachable,
    aiohttp.ServerTimeoutError: UpstreamTimeout,
    httpx.RequestError: UpstreamUnreachable,
    httpx.TimeoutException: UpstreamTimeout,
    httpx.ConnectTimeout: UpstreamUnreachable,
    httpx.PoolTimeout: UpstreamSaturated,  # the pool is as large as the slots: ours, not theirs
    httpx.DecodingError: UpstreamGarbled,
    httpx.TooManyRedirects: UpstreamGarbled,
    httpx.HTTPError: UpstreamFailed,
    httpx.InvalidURL: UpstreamUnreachable,
    httpx.CookieConflict: UpstreamGarbled,
    httpx.StreamError: UpstreamGarbled,
    TimeoutError: UpstreamTimeout,
    OSError: UpstreamUnreachable,
}

# While a body is read, a lost connection means a truncated body.
_CUT_SHORT = (httpx.NetworkError, httpx.ProtocolError, aiohttp.ClientError, ConnectionError)
_PATIENCE = (httpx.TimeoutException, aiohttp.ServerTimeoutError, TimeoutError)


def translate_fault(
    fault: Exception, system: SystemRole, capability: str, *, reading_body: bool = False
) -> UpstreamError:
    """The error that a transport's exception stands for. Raises LookupError for any other."""
    cause = fault.__cause__ if isinstance(fault.__cause__, aiohttp.ClientError) else fault
    detail = f"{type(cause).__name__} {cause}"[:DETAIL_MAX].rstrip()
    if reading_body and isinstance(cause, _CUT_SHORT) and not isinstance(cause, _PATIENCE):
        return UpstreamGarbled(system, capability, f"the body was cut short: {detail}")
    for ancestor in type(cause).__mro__:
        if ancestor in FAULTS:
            return FAULTS[ancestor](system, capability, detail)
    raise LookupError(f"{type(fault).__name__} is no exception of a transport")


def translate_status(
    system: SystemRole, capability: str, status: int, headers: Mapping[str, str], body: bytes
) -> UpstreamError | None:
    """The error that an HTTP status stands for; None for 2xx. `headers` are looked up in lower case."""
    if 200 <= status < 300:
        return None
    detail = f"status {status}: {body[:DETAIL_MAX].decode(errors='replace')}".rstrip(": ")
    if status == 429:
        return UpstreamThrottled(system, capability, detail, retry_after_s=retry_after_s(headers))
    if status >= 500 or status == _REQUEST_TIMEOUT:
        return UpstreamFailed(system, capability, detail, retry_after_s=retry_after_s(headers))
    if status >= 400:
        return UpstreamRejected(system, capability, detail, status=status, reason=problem_code(body))
    # Redirects are not followed: an API that moved is a matter for settings, and a login page is no answer.
    return UpstreamGarbled(system, capability, detail)


def problem_code(body: bytes) -> str | None:
    """The `code` of a JSON problem body (RFC 9457 with the extension member of the open contracts), if it has one."""
    try:
        code = msgspec.json.decode(body, type=_Problem).code
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return code


class _Problem(msgspec.Struct):
    code: str | None = None


def verdict_of(error: UpstreamError) -> Verdict:
    """What an error says about the health of its system."""
    if error.counts_against:
        return Verdict.FAILURE
    return Verdict.SUCCESS if isinstance(error, UpstreamRejected) else Verdict.IGNORED
