"""The wall: everything that can come from below has its place in the error tree."""

import aiohttp
import httpx
import pytest

from domains.upstream import Verdict
from domains.upstream.translate import problem_code, translate_fault, translate_status, verdict_of
from domains.vocabulary import (
    BreakerOpen,
    DeadlineExceeded,
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

OMS = SystemRole.OMS
EXPECTED: dict[type[Exception], type[UpstreamError]] = {
    httpx.CloseError: UpstreamUnreachable,
    httpx.ConnectError: UpstreamUnreachable,
    httpx.ConnectTimeout: UpstreamUnreachable,
    httpx.CookieConflict: UpstreamGarbled,
    httpx.DecodingError: UpstreamGarbled,
    httpx.HTTPError: UpstreamFailed,
    httpx.HTTPStatusError: UpstreamFailed,
    httpx.InvalidURL: UpstreamUnreachable,
    httpx.LocalProtocolError: UpstreamUnreachable,
    httpx.NetworkError: UpstreamUnreachable,
    httpx.PoolTimeout: UpstreamSaturated,
    httpx.ProtocolError: UpstreamUnreachable,
    httpx.ProxyError: UpstreamUnreachable,
    httpx.ReadError: UpstreamUnreachable,
    httpx.ReadTimeout: UpstreamTimeout,
    httpx.RemoteProtocolError: UpstreamUnreachable,
    httpx.RequestError: UpstreamUnreachable,
    httpx.RequestNotRead: UpstreamGarbled,
    httpx.ResponseNotRead: UpstreamGarbled,
    httpx.StreamClosed: UpstreamGarbled,
    httpx.StreamConsumed: UpstreamGarbled,
    httpx.StreamError: UpstreamGarbled,
    httpx.TimeoutException: UpstreamTimeout,
    httpx.TooManyRedirects: UpstreamGarbled,
    httpx.TransportError: UpstreamUnreachable,
    httpx.UnsupportedProtocol: UpstreamUnreachable,
    httpx.WriteError: UpstreamUnreachable,
    httpx.WriteTimeout: UpstreamTimeout,
}


def exceptions_of(module: object) -> list[type[Exception]]:
    found = (getattr(module, name) for name in dir(module))
    return [each for each in found if isinstance(each, type) and issubclass(each, Exception)]


def made(kind: type[Exception]) -> Exception:
    """An instance, without the arguments its constructor insists on."""
    fault = kind.__new__(kind)
    Exception.__init__(fault, "a vendor's text")
    return fault


@pytest.mark.parametrize("kind", exceptions_of(httpx))
def test_every_exception_of_httpx_is_mapped(kind: type[Exception]) -> None:
    """httpx cannot raise a class that the table above does not place; a new one in a later release fails here."""
    assert type(translate_fault(made(kind), OMS, "stock")) is EXPECTED[kind]


@pytest.mark.parametrize("kind", [k for k in exceptions_of(aiohttp) if issubclass(k, aiohttp.ClientError)])
def test_every_client_error_of_aiohttp_is_mapped(kind: type[aiohttp.ClientError]) -> None:
    """Also what the transport between httpx and aiohttp lets through as it is."""
    expected: type[UpstreamError] = UpstreamUnreachable
    if issubclass(kind, aiohttp.ClientPayloadError):
        expected = UpstreamGarbled
    elif issubclass(kind, aiohttp.ServerTimeoutError) and not issubclass(kind, aiohttp.ConnectionTimeoutError):
        expected = UpstreamTimeout
    # Their constructors want connections; a subclass that wants nothing is placed by the same ancestors.
    bare = type(kind.__name__, (kind,), {"__init__": object.__init__, "__str__": object.__repr__})
    assert type(translate_fault(bare(), OMS, "stock")) is expected


def test_the_cause_tells_more_than_the_wrapper() -> None:
    """A reset connection that arrives as a ConnectTimeout is told from its aiohttp cause."""
    fault = httpx.ConnectTimeout("")
    fault.__cause__ = aiohttp.ServerDisconnectedError()
    error = translate_fault(fault, OMS, "stock")
    assert type(error) is UpstreamUnreachable
    assert "ServerDisconnectedError" in error.detail


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (httpx.ReadError, UpstreamGarbled),
        (httpx.RemoteProtocolError, UpstreamGarbled),
        (aiohttp.ClientPayloadError, UpstreamGarbled),
        (ConnectionResetError, UpstreamGarbled),
        (httpx.ReadTimeout, UpstreamTimeout),
        (aiohttp.SocketTimeoutError, UpstreamTimeout),
    ],
)
def test_what_breaks_off_inside_a_body_is_garbled(kind: type[Exception], expected: type[UpstreamError]) -> None:
    """A connection lost while the body comes means half a body, not a system that cannot be reached."""
    assert type(translate_fault(kind(""), OMS, "stock", reading_body=True)) is expected


def test_bugs_are_not_translated() -> None:
    """What is no exception of a transport is not made to look like one."""
    with pytest.raises(LookupError):
        translate_fault(KeyError("x"), OMS, "stock")


@pytest.mark.parametrize(
    ("status", "expected", "verdict"),
    [
        (302, UpstreamGarbled, Verdict.FAILURE),
        (400, UpstreamRejected, Verdict.SUCCESS),
        (401, UpstreamRejected, Verdict.SUCCESS),
        (404, UpstreamRejected, Verdict.SUCCESS),
        (408, UpstreamFailed, Verdict.FAILURE),
        (409, UpstreamRejected, Verdict.SUCCESS),
        (429, UpstreamThrottled, Verdict.IGNORED),
        (500, UpstreamFailed, Verdict.FAILURE),
        (503, UpstreamFailed, Verdict.FAILURE),
        (599, UpstreamFailed, Verdict.FAILURE),
    ],
)
def test_statuses(status: int, expected: type[UpstreamError], verdict: Verdict) -> None:
    """Each class of status has its error and its verdict."""
    error = translate_status(OMS, "stock", status, {"retry-after": "4"}, b"")
    assert type(error) is expected
    assert verdict_of(error) is verdict
    assert error.retry_after_s == (4.0 if status in (408, 429, 500, 503, 599) else None)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_is_no_error(status: int) -> None:
    """2xx stands for nothing in the tree."""
    assert translate_status(OMS, "stock", status, {}, b"") is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"title": "No", "status": 409, "code": "INSUFFICIENT_POINTS"}', "INSUFFICIENT_POINTS"),
        (b'{"title": "No", "status": 409}', None),
        (b'{"code": 7}', None),
        (b"[]", None),
        (b"<html>", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
    ],
)
def test_a_refusal_keeps_its_machine_readable_code(body: bytes, code: str | None) -> None:
    """The code of a JSON problem is the reason; any other body has none and harms nothing."""
    assert problem_code(body) == code
    error = translate_status(OMS, "stock", 409, {}, body)
    assert isinstance(error, UpstreamRejected)
    assert (error.status, error.reason) == (409, code)


def test_clients_never_read_a_vendors_text() -> None:
    """Addresses and vendor texts stay in the detail, which is short, and out of the public message."""
    error = translate_status(OMS, "stock", 500, {}, b"secret host 10.0.0.1 " * 1000)
    assert error is not None
    assert "secret" in error.detail
    assert len(error.detail) < 250
    assert "secret" not in error.public_message


@pytest.mark.parametrize("kind", [BreakerOpen, DeadlineExceeded, UpstreamSaturated])
def test_our_own_decisions_say_nothing_about_the_system(kind: type[UpstreamError]) -> None:
    """What we cut or never asked is ignored."""
    assert verdict_of(kind(OMS, "stock")) is Verdict.IGNORED
