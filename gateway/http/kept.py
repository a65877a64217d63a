"""What can be answered before anyone is let in: a request that is in all respects like one that was given what is kept.

The long way of a request decides many things before it gives a kept answer: whether the request is well-formed, which
document it names, what its page may ask, which media type it gets, how browsers are to handle the answer. All of it
follows from the request and the settings. So the head of an answer that was given once is remembered under everything
of the request that the long way looks at (`DECIDES`), and nothing of it is decided again for the same request.

What does not follow from that is done here each time: the operation is counted, the answer is looked for among
those that still stand, its age is told, and the correlation id is the request's own. Whatever is not as expected goes
the long way: it says why, and keeps the record of who was turned away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.answers import Answers, Lifetime, Question
from gateway.http.admitted import PassBy
from gateway.http.caching import public_headers
from gateway.http.correlation import CORRELATION_LINE, correlation_of
from gateway.http.marks import lines_of
from gateway.http.settings import HttpSettings
from gateway.http.within import Begun
from gateway.limits import Refused

DECIDES: Final = frozenset(
    {
        b"accept",
        b"access-control-request-method",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"if-none-match",
        b"last-event-id",
        b"origin",
        b"transfer-encoding",
    }
)
"""The headers that an answer depends on, as they were sent."""

SAYS_NOTHING: Final = frozenset({b"traceparent", b"x-correlation-id", b"x-request-deadline-ms"})
"""Those that are looked at on the long way, and change nothing of a kept answer: the ids are of each request, and what
is there is given within any time."""

_NEVER: Final = frozenset({b"authorization", b"expect"})
"""Who names themselves is answered in person; who waits for a `100 Continue` may be refused without being asked on."""
_METHODS: Final = frozenset({"GET", "POST"})

KNOWN_MAX: Final = 1024
"""Requests that are remembered: twice the pages that fit among the kept answers, since some are asked for in more than
one way."""
REQUEST_BYTES_MAX: Final = 8 * 1024
"""Of a request that is remembered; pages take 1 KiB to 3 with all that browsers send. With the number of them it bounds
the memory to 8 MiB."""

_GIVEN: Final = "state.retailgraph.given"

_Line = tuple[bytes, bytes]
_Key = tuple[str, str, str, bytes, bytes, tuple[_Line, ...], bytes]


class Given(NamedTuple):
    """What the long way found out about a request that it gave a kept answer: the question, what counts who asks, and
    the tag under which the answer went out, None for an answer without one."""

    question: Question
    pass_by: PassBy
    etag: str | None


def note(scope: Scope, given: Given) -> None:
    """A request is being given a kept answer: others like it can be given the same."""
    scope[_GIVEN] = given


class _Known:
    """The head of an answer, and `shown`, whose age it tells."""

    __slots__ = ("given", "lines", "shown", "status")

    def __init__(self, given: Given, message: Message) -> None:
        self.given = given
        self.status: int = message["status"]
        self.lines = [line for line in message["headers"] if line[0] != CORRELATION_LINE]
        self.shown: Lifetime | None = None

    def show(self, shown: Lifetime, size: int) -> None:
        """From now on it is the head of an answer that is so old and has so many bytes, and else the same as ever."""
        new = dict(lines_of(public_headers(shown))) | {b"content-length": b"%d" % size}
        self.lines = [(name, new.get(name, value)) for name, value in self.lines]
        self.shown = shown


class Kept:
    """Middleware for the addresses of `paths`. Outside of it stands what looks at more of a request than its key: who
    its peer is, and whether the process is going down. All that marks the answer otherwise stands inside."""

    def __init__(self, app: ASGIApp, answers: Answers, settings: HttpSettings, paths: Collection[str]) -> None:
        self._app = app
        self._answers = answers
        self._bytes_max = min(REQUEST_BYTES_MAX, settings.headers_max_bytes)
        self._paths = frozenset(paths)
        self._known: dict[_Key, _Known] = {}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer what anybody may ask, and pass the rest on."""
        if scope["type"] != "http" or scope["path"] not in self._paths or scope["method"] not in _METHODS:
            return self._app(scope, receive, send)
        # Not by way of its Head, which nobody needs who is answered here, and which would take as long as this again.
        size, lines, ids = 0, [], []
        for line in scope["headers"]:
            name = line[0]
            size += len(name) + len(line[1])
            if name in DECIDES:
                lines.append(line)
            elif name in _NEVER:
                return self._app(scope, receive, send)
            elif name == CORRELATION_LINE:
                ids.append(line[1].decode("latin-1"))
        if size > self._bytes_max:
            return self._app(scope, receive, send)
        return self._answered(scope, tuple(lines), ids, receive, send)

    async def _answered(
        self, scope: Scope, lines: tuple[_Line, ...], ids: list[str], receive: Receive, send: Send
    ) -> None:
        body = b""
        if scope["method"] == "POST":
            # Nothing is waited for: who is slow is waited for where that has a limit.
            begun = Begun(receive())
            message = begun.result
            if message is None or "body" not in message or message.get("more_body", False):
                await self._app(scope, _again(begun, receive), send)
                return
            body = message["body"]
        target = scope["path"], scope.get("raw_path") or b"", scope["query_string"]
        key = (scope["method"], scope["scheme"], *target, lines, body)
        known = self._known.get(key)
        if known is not None and await self._given(known, ids, send):
            return
        if scope["method"] == "POST":
            receive = _again(begun, receive)

        def heard(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start" and _GIVEN in scope:
                self._remember(key, _Known(scope[_GIVEN], message))
            return send(message)

        await self._app(scope, receive, heard)

    async def _given(self, known: _Known, ids: list[str], send: Send) -> bool:
        """Give what is kept. False where nothing was done, and the request is to go the long way.

        It is counted only if there is something to give, since it is counted on the long way too. An answer that is
        dropped while processes count together is the one case in which a request counts twice.
        """
        answers, (question, pass_by, etag) = self._answers, known.given
        whole = answers.look(question)
        if whole is None or (etag is not None and etag != whole.etag):
            return False
        try:
            await pass_by()
        except Refused:
            return False
        if answers.kept(question) is not whole:
            return False
        body, shown = whole.again(answers.clock())
        own = (CORRELATION_LINE, correlation_of(ids).encode("ascii"))
        if known.shown is not shown:
            known.show(shown, len(body))
        await send({"type": "http.response.start", "status": known.status, "headers": [*known.lines, own]})
        await send({"type": "http.response.body", "body": body if known.status == 200 else b""})
        return True

    def _remember(self, key: _Key, known: _Known) -> None:
        *_, raw_path, query, lines, body = key
        if len(raw_path) + len(query) + sum(len(value) for _, value in lines) + len(body) > REQUEST_BYTES_MAX:
            return
        self._known.pop(key, None)
        if len(self._known) >= KNOWN_MAX:
            # The oldest. One that is still asked for goes the long way once, and is remembered anew.
            del self._known[next(iter(self._known))]
        self._known[key] = known


def _again(begun: Begun[Message], receive: Receive) -> Receive:
    """`receive` for who reads after us: it begins with what was begun."""
    first: Begun[Message] | None = begun

    def received() -> Awaitable[Message]:
        nonlocal first
        begun, first = first, None
        return receive() if begun is None else begun

    return received
