"""What the layers around an endpoint add to the head of its answer, as ASGI has it: names in small letters, bytes.

All of them write into one `Marks`, which stands in the place of `send` and is looked into once, when the answer begins.
With a function around `send` for each of four layers it was 3 us more, and 13 more with mappings. Layers are plain
functions where nothing is to be done after whom they call: they hand on the coroutine of that one, and save a frame
around it. (uvicorn takes what is so for an application of ASGI 2 when it is the outermost; Starlette is.)

Where the server takes an answer as a whole (`gateway/exchange.py`), one that is all there goes out in one call, and the
text of a head that was checked and sent before is found again: 6 us less than two messages.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import lru_cache
from typing import Final, Protocol

from starlette.types import Message, Scope, Send

Line = tuple[bytes, bytes]


def lines_of(headers: Mapping[str, str]) -> list[Line]:
    """Headers as ASGI has them."""
    return [_line(name, value) for name, value in headers.items()]


@lru_cache(maxsize=256)  # All names are our own, and some twenty, and most of them always say one of a few things.
def _line(name: str, value: str) -> Line:
    return name.lower().encode("latin-1"), value.encode("latin-1")


_BEGINNINGS: Final = frozenset({"http.response.start", "websocket.accept"})
# What would end a line, or a name, before its time (RFC 9110, 5.1 and 5.5).
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NOTHING: Final[Scope] = {}
_HEEDED: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})


class Missing:
    """What answers say unless they say something of their own; of each application once, and known by its identity."""

    __slots__ = ("lines",)

    def __init__(self, lines: Mapping[bytes, bytes]) -> None:
        self.lines = dict(lines)


class Leaving(Protocol):
    """What may be going down."""

    @property
    def draining(self) -> bool:
        """Whether it is: connections are to end then."""


class Hearer(Protocol):
    """Who wants to know how some answers begin."""

    def wants(self, scope: Scope) -> bool:
        """Whether the answer to this request is one of them."""

    async def hear(self, scope: Scope, message: Message, send: Send) -> None:
        """Send the beginning of it on."""


class Marks:
    """A `send` that marks the beginning of what is sent. `begun` is whether anything was.

    The answer says what is `set`, whatever it said itself under these names; what is `missing` unless it says something
    of its own; and that caches tell it apart by the request header `vary` too (RFC 9110, 12.5.5). What is set `late` is
    asked for when it begins. It ends its connection while who is `leaving` goes down, and is told to the `hearer`.
    """

    __slots__ = ("_hearer", "_scope", "_send", "_whole", "begun", "late", "leaving", "missing", "set", "vary")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._whole: Callable[[int, bytes, bytes], bool] | None = getattr(send, "whole", None)
        self._hearer: Hearer | None = None
        self._scope: Scope = _NOTHING
        self.begun = False
        self.set: dict[bytes, bytes] = {}
        self.late: Callable[[], Mapping[bytes, bytes]] | None = None
        self.missing: Missing | None = None
        self.vary: bytes | None = None
        self.leaving: Leaving | None = None

    def told_to(self, hearer: Hearer, scope: Scope) -> None:
        """Have `hearer` asked when the answer to the request of `scope` begins."""
        self._hearer, self._scope = hearer, scope

    def __call__(self, message: Message) -> Awaitable[None]:
        """Pass a message on."""
        self.begun = True
        if message["type"] not in _BEGINNINGS:
            return self._send(message)
        if self.late is not None:
            self.set.update(self.late())
        said = _marked(list(message.get("headers", ())), self.set, self.missing, self.vary)
        said += self.set.items()
        if self.leaving is not None and self.leaving.draining and message["type"] == "http.response.start":
            said = [line for line in said if line[0] != b"connection"]
            said.append((b"connection", b"close"))
        message["headers"] = said
        if self._hearer is not None and self._hearer.wants(self._scope):
            return self._hearer.hear(self._scope, message, self._send)
        return self._send(message)

    def sends(self, status: int, headers: Mapping[str, str], body: bytes, *, has_length: bool) -> bool:
        """Send an answer that is all there, if the server takes it as a whole; else nothing was done.

        Raises ValueError for what would be another head than it says.
        """
        whole = self._whole
        if (
            whole is None
            or (self.leaving is not None and self.leaving.draining)
            or (self._hearer is not None and self._hearer.wants(self._scope))
        ):
            return False
        if self.late is not None:
            self.set.update(self.late())
        head = _text(tuple(headers.items()), tuple(self.set), self.missing, self.vary)
        if head is None:
            return False
        for line in self.set.items():
            head += _checked(line)
        if has_length:
            head += b"content-length: %d\r\n" % len(body)
        if not whole(status, head, body):
            return False
        self.begun = True
        return True


@lru_cache(maxsize=512)  # An answer says one of a few things but for its length, its age, its tag, and what is set.
def _text(
    headers: tuple[tuple[str, str], ...], without: tuple[bytes, ...], missing: Missing | None, vary: bytes | None
) -> bytes | None:
    """The head of an answer that says this, but for what is set and its length, as it is sent. None for one that says
    what the server has to heed."""
    said = _marked(lines_of(dict(headers)), without, missing, vary)
    return None if any(name in _HEEDED for name, _ in said) else b"".join([_checked(line) for line in said])


def _checked(line: Line) -> bytes:
    """A line as it is sent. Raises ValueError for one that would not be one line."""
    if _NAME.fullmatch(line[0]) is None or _FORBIDDEN.search(line[1]) is not None:
        raise ValueError(f"no line of a head: {line!r}")
    return b"%b: %b\r\n" % line


def _marked(said: list[Line], without: Collection[bytes], missing: Missing | None, vary: bytes | None) -> list[Line]:
    """What is said but for the names that are set, with what is missing."""
    names = {name for name, _ in said}
    if not names.isdisjoint(without):
        said = [line for line in said if line[0] not in without]
    if vary is not None:
        _add_vary(said, vary)
    if missing is not None:
        if names.isdisjoint(missing.lines):
            said += missing.lines.items()
        else:
            said += [line for line in missing.lines.items() if line[0] not in names]
    return said


def marks_of(send: Send) -> Marks:
    """The marks that layers further out have begun, or else new ones."""
    return send if type(send) is Marks else Marks(send)


def _add_vary(said: list[Line], name: bytes) -> None:
    for place, mark in enumerate(said):
        if mark[0] == b"vary":
            said[place] = (b"vary", mark[1] + b", " + name)
            return
    said.append((b"vary", name))
