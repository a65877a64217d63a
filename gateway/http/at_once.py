"""Kept answers that the server gives by itself, before it has begun anything for a request.

To begin a task for a request, to hand it down through the layers and to check and send its answer message by message
takes several times what it takes to find an answer that is kept. So the server's protocol may ask first.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from starlette.types import Scope

from gateway.http.correlation import CORRELATION_LINE, correlation_of
from gateway.http.drain import Drain
from gateway.http.hops import ForwardedBy, TrustedProxies, seen_through
from gateway.http.known import KnownRequests, Looked, stumbled

_LOOKED: Final = "state.retailgraph.looked"
_UNKNOWN: Final = "state.retailgraph.unknown"


class Rendered(NamedTuple):
    """A whole answer: its status, the lines of its head, each with its end, and its body.

    The lines say how long the body is, and nothing of the connection.
    """

    status: int
    head: bytes
    body: bytes


class AtOnce:
    """Asked for the answer to a request of which everything is there. It stands where the layers around `Kept` do, and
    knows what they know: who asks when proxies stand before us, and whether the process is going down."""

    def __init__(self, requests: KnownRequests, drain: Drain, trusted: TrustedProxies, by: ForwardedBy) -> None:
        self._requests = requests
        self._drain = drain
        self._trusted = trusted
        self._by = by

    def __call__(self, scope: Scope, body: bytes) -> Rendered | None:
        """The answer, counted and ready to be sent; None where nothing was done, and the app is to be asked.

        While going down connections are to end, which is the app's to say.
        """
        if self._drain.draining:
            return None
        try:
            if not self._requests.may_know(scope, body):
                is_unknown(scope, body)
                return None
            return self._answer(seen_through(scope, self._trusted, self._by), body)
        except Exception as bug:  # noqa: BLE001 - the wall: the app can do without all this, and the server not
            stumbled(bug)
            return None

    def _answer(self, scope: Scope, body: bytes) -> Rendered | None:
        requests = self._requests
        looked = scope[_LOOKED] = requests.look(scope, body)
        if looked is None or looked.key is None or (known := requests.find(looked.key)) is None:
            return None
        whole = requests.whole(known)
        if whole is None or not known.given.passing.passes():
            return None
        answers = requests.answers
        answers.counts.kept += 1
        sent = known.body(whole, answers.clock())
        own = correlation_of(looked.ids).encode("ascii")
        return Rendered(known.status, b"%b%b: %b\r\n" % (known.text, CORRELATION_LINE, own), sent)


def is_unknown(scope: Scope, body: bytes) -> None:
    """No request like this one, with this body, is known."""
    scope[_UNKNOWN] = body


def unknown(scope: Scope) -> bytes | None:
    """The body of a request of which it was found that none like it is known; None for any other."""
    body: bytes | None = scope.get(_UNKNOWN)
    return body


def looked_at(requests: KnownRequests, scope: Scope) -> Looked | None:
    """What there is to look at of a request, which is looked at once."""
    if _LOOKED in scope:
        looked: Looked | None = scope[_LOOKED]
        return looked
    try:
        return requests.look(scope)
    except Exception as bug:  # noqa: BLE001 - as above
        stumbled(bug)
        return None
