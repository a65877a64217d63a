"""What can be answered before anyone is let in: a request that is in all respects like one that was given what is kept.

What does not follow from the request is done here each time: the operation is counted, the answer is looked for among
those that still stand, its age is told, and the correlation id is the request's own. Whatever is not as expected goes
the long way: it says why, and keeps the record of who was turned away.

Most are answered sooner yet, by the server's own hand (`at_once.py`). Here come those whose counting takes a while,
since processes count together, and those of a connection that is to be closed, or is read slowly.
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.begun import Begun
from gateway.http.at_once import is_unknown, looked_at, unknown
from gateway.http.correlation import CORRELATION_LINE, correlation_of
from gateway.http.known import Known, KnownRequests, Looked, key_of, noted, stumbled
from gateway.http.marks import Marks, marks_of
from gateway.limits import Refused


class Kept:
    """Middleware around all that marks the answer. Outside of it stands what looks at more of a request than its key:
    who its peer is, and whether the process is going down."""

    def __init__(self, app: ASGIApp, requests: KnownRequests) -> None:
        self._app = app
        self._requests = requests

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer what anybody may ask, and pass the rest on."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        marks = marks_of(send)
        if unknown(scope) is None:
            looked = looked_at(self._requests, scope)
            if looked is None:
                return self._app(scope, receive, marks)
            return self._answered(looked, scope, receive, marks)
        marks.told_to(self, scope)
        return self._app(scope, receive, marks)

    async def _answered(self, looked: Looked, scope: Scope, receive: Receive, marks: Marks) -> None:
        body = b"" if looked.key is None else looked.key[-1]
        if looked.key is None and scope["method"] == "POST":
            # Nothing is waited for: who is slow is waited for where that has a limit.
            begun = Begun(receive())
            message = begun.result
            receive = _again(begun, receive)
            if message is None or "body" not in message or message.get("more_body", False):
                await self._app(scope, receive, marks)
                return
            body = message["body"]
        known = self._requests.find(looked.key or key_of(scope, looked.lines, body))
        if known is not None:
            given = await self._counted(known)
            if given is not None:
                own = (CORRELATION_LINE, correlation_of(looked.ids).encode("ascii"))
                await marks({"type": "http.response.start", "status": known.status, "headers": [*known.lines, own]})
                await marks({"type": "http.response.body", "body": given})
                return
        is_unknown(scope, body)
        marks.told_to(self, scope)
        await self._app(scope, receive, marks)

    def wants(self, scope: Scope) -> bool:
        """Whether it is given what is kept, and others like it can be."""
        return noted(scope) is not None

    async def hear(self, scope: Scope, message: Message, send: Send) -> None:
        """Send the beginning of an answer on, and remember it."""
        head = dict(message)  # who stands outside goes on writing
        await send(message)
        try:
            looked, given = self._requests.look(scope, unknown(scope)), noted(scope)
            if looked is not None and looked.key is not None and given is not None:
                self._requests.remember(looked.key, given, head)
        except Exception as bug:  # noqa: BLE001 - the answer has begun, and is whole
            stumbled(bug)

    async def _counted(self, known: Known) -> bytes | None:
        """What to give, when it has been counted. None where nothing was done, and the request is to go the long way.

        It is counted only if there is something to give, since it is counted on the long way too. An answer that is
        dropped while processes count together is the one case in which a request counts twice.
        """
        requests = self._requests
        try:
            if (whole := requests.whole(known)) is None:
                return None
            await known.given.passing.pass_by()
            if requests.answers.kept(known.given.question) is not whole:
                return None
            return known.body(whole, requests.answers.clock())
        except Refused:
            return None
        except Exception as bug:  # noqa: BLE001 - the wall: see there
            stumbled(bug)
            return None


def _again(begun: Begun[Message], receive: Receive) -> Receive:
    """`receive` for who reads after us: it begins with what was begun."""
    first: Begun[Message] | None = begun

    def received() -> Awaitable[Message]:
        nonlocal first
        begun, first = first, None
        return receive() if begun is None else begun

    return received
