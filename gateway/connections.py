"""What a connection may take before it is a request, and what it is given before a task is begun for that.

uvicorn bounds neither the time nor the size of headers.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway import heads
from gateway.exchange import Exchange, Line
from gateway.http import Rendered

SILENCE_S: Final = 75.0
"""For a connection on which nothing was ever sent; as long as one is kept between requests."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, with an end to the headers of each request, and an Exchange for it. How many may be under way
    is not counted here: the gate does, caller by caller.

    Where its app has a function `at_once`, that is asked before a task is begun for a request: of a scope and a whole
    body it makes a `Rendered`, or None for what is to be asked as ever. uvicorn makes the task when the head is
    complete, and it runs when all that came with that has been read. So who is asked in between is asked no sooner than
    the app would be, and for the request that is next on this connection.

    One clock ends a connection on which nothing happens. It is not set anew for each request, but looks when it rings
    whether the time has come: to set one and take it back took 1 us of each.
    """

    _in_head = True
    _head_bytes = 0
    _hosts = 0
    _fault = heads.NOT_HTTP
    _head_timer: asyncio.TimerHandle | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _idle_until = 0.0
    _rings_at = 0.0
    _is_upgrade = False
    _at_once: Callable[[Any, bytes], Rendered | None] | None = None
    _reading = False
    _due: Exchange | None = None
    _answering: Exchange | None = None
    cycle: Exchange

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._at_once = getattr(self.app, "at_once", None)
        self._nobody = contextvars.Context()  # or its clocks would keep what some request set for as long as it lasts
        self._idle_for(SILENCE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        super().connection_lost(exc)
        self.pipeline.clear()
        answering, self._answering = self._answering, None
        if answering is not None:  # uvicorn tells only the request that was sent last
            answering.disconnected = answering.disconnected or not answering.response_complete
            answering.message_event.set()

    def data_received(self, data: bytes) -> None:
        if not self._in_head and self.cycle.response_complete and not self.cycle.more_body:
            self._in_head = True  # also by an empty line, which the parser makes nothing of
        if self._in_head:
            self._head_bytes += len(data)
        self._reading = self._at_once is not None
        super().data_received(data)
        self._reading = False
        if self._due is not None:
            due, self._due = self._due, None
            if not self._is_answered(due):
                self._start_asgi_task(due, self.app)
        if not self._in_head:
            return
        # Only now: nearly every head comes in one piece, and to set a clock for it and take it back took 1 us.
        if self._head_bytes > heads.HEAD_BYTES_MAX:
            self._refuse(heads.LARGE)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(heads.HEAD_TIMEOUT_S, self._refuse, heads.SLOW)

    def handle_websocket_upgrade(self) -> None:
        self._stop_timers()  # it has clocks of its own
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        self._stop_head_timer()
        self._in_head, self._is_upgrade, self._hosts = True, False, 0
        self.url = b""
        self.expect_100_continue = False
        headers: list[Line] = []
        self.headers = headers
        self.scope = {  # type: ignore[typeddict-item]  # the rest follows with the end of the head
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,  # type: ignore[typeddict-item]  # known since the connection was made
            "root_path": self.root_path,
            "headers": headers,
            "state": self.app_state.copy(),
        }

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # of a trailer, which a header must not be made of (RFC 9110, 6.5.1): nobody would have checked it
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser, scope = self.parser, self.scope
        version = parser.get_http_version()
        if len(self.headers) > heads.HEAD_LINES_MAX:
            raise self._refused(heads.LONG)
        if self._hosts != 1 and (self._hosts or version >= "1.1"):
            raise self._refused(heads.HOST_NOT_ONE)
        self._stop_head_timer()
        # What follows in the same piece is not counted: a body, and the little of the next head that came with it.
        self._in_head, self._head_bytes = False, 0
        scope["method"] = parser.get_method().decode("ascii")
        if version != "1.1":
            scope["http_version"] = version
        if parser.should_upgrade() and self._should_upgrade():
            self._is_upgrade = True
            return
        target = _target if len(self.url) > _SHORT else _short_target
        scope["path"], scope["raw_path"], scope["query_string"] = target(self.root_path, self.url)
        before: Exchange | None = self.cycle
        self.cycle = cycle = Exchange(
            scope,
            self.transport,
            self.flow,
            self.tasks,
            default_headers=self.server_state.default_headers,
            is_awaiting_continue=self.expect_100_continue,
            keep_alive=version >= "1.1" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:  # sent before the answer to the last one
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if self._is_upgrade or cycle.response_complete:
            return
        if not cycle.body:
            cycle.body = body
        else:
            if type(cycle.body) is bytes:
                cycle.body = bytearray(cycle.body)
            cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if self._is_upgrade or cycle.response_complete:
            return
        cycle.more_body = False
        cycle.message_event.set()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._answering = cycle
        if self._reading:
            self._due = cycle
            return
        cycle.task = task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(task)

    def _is_answered(self, cycle: Exchange) -> bool:
        """Whether the answer was there, and is on its way.

        What is to wait for the client, or ends the connection, is the app's.
        """
        if cycle.more_body or not cycle.keep_alive or self.flow.write_paused or self.transport.is_closing():
            return False
        if self._at_once is None or (answer := self._at_once(cycle.scope, bytes(cycle.body))) is None:
            return False
        return cycle.whole(*answer)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle_for(self.timeout_keep_alive)

    def _idle_for(self, seconds: float) -> None:
        """Nothing is to be done from now on; after so long the connection ends, if nothing has come by then."""
        now = self.loop.time()
        self._idle_until = until = now + seconds
        if self._idle_timer is None or self._rings_at > until:
            self._stop_idle_timer()
            self._idle_timer, self._rings_at = self._ring_in(seconds), until

    def _ring_in(self, seconds: float) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, self._idled, context=self._nobody)

    def _idled(self) -> None:
        self._idle_timer = None
        cycle: Exchange | None = self.cycle
        if self._head_timer is not None or (cycle is not None and not cycle.response_complete):
            return  # when that has been answered, the clock is set anew
        left = self._idle_until - self.loop.time()
        if left > 0:
            self._idle_timer, self._rings_at = self._ring_in(left), self._idle_until
        elif not self.transport.is_closing():
            self.transport.close()

    def _stop_timers(self) -> None:
        self._stop_head_timer()
        self._stop_idle_timer()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_idle_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _refused(self, answer: bytes) -> ValueError:
        """To be raised where the parser calls, which reads nothing more then: another request may stand behind."""
        self._fault = answer
        return ValueError("the head of a request was refused")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, for a person who looks on
        """What uvicorn calls when its parser stops. The connection ends."""
        self._refuse(self._fault)

    def _refuse(self, answer: bytes) -> None:
        if self.transport.is_closing():
            return
        answering = self._answering
        is_its_own = answering is self.cycle and not self._in_head
        if answering is None or answering.response_complete or (is_its_own and not answering.response_started):
            self.transport.write(answer)  # else it would stand in the middle of another answer, or for it
        self.transport.close()


def _target(root_path: str, url: bytes) -> tuple[str, bytes, bytes]:
    """The path, the same as it was sent, and the query. Raises HttpParserInvalidURLError."""
    parsed = httptools.parse_url(url)
    path: str = parsed.path.decode("ascii")
    return root_path + unquote(path), root_path.encode("ascii") + parsed.path, parsed.query or b""


_SHORT: Final = 32
_short_target = lru_cache(maxsize=64)(_target)
"""Of what nearly everybody asks for: to find it out anew takes 2 us."""


class AnsweredHandshakes(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which leaves whoever sends a handshake that `websockets` cannot read (a line of more than
    8 KiB) without an answer and the connection open. This one says so, and closes it."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated and not self.transport.is_closing():
            self.transport.write(heads.NO_HANDSHAKE)
            self.transport.close()
