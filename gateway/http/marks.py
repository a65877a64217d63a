"""What the layers around an endpoint add to the head of its answer, as ASGI has it: names in small letters, bytes.

All of them write into one `Marks`, which stands in the place of `send` and is looked into once, when the answer begins.
With a function around `send` for each of four layers it was 3 us more, and 13 more with mappings. Layers are plain
functions where nothing is to be done after whom they call: they hand on the coroutine of that one, and save a frame
around it. (uvicorn takes what is so for an application of ASGI 2 when it is the outermost; Starlette is.)
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import lru_cache
from typing import Final

from starlette.types import Message, Send


def lines_of(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI has them."""
    return [_line(name, value) for name, value in headers.items()]


@lru_cache(maxsize=256)  # All names are our own, and some twenty, and most of them always say one of a few things.
def _line(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode("latin-1"), value.encode("latin-1")


_BEGINNINGS: Final = frozenset({"http.response.start", "websocket.accept"})


class Marks:
    """A `send` that marks the beginning of what is sent. `begun` is whether anything was.

    The answer says what is `set`, whatever it said itself under these names; what is `missing` unless it says something
    of its own; and that caches tell it apart by the request header `vary` too (RFC 9110, 12.5.5).
    """

    __slots__ = ("_send", "begun", "missing", "set", "vary")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False
        self.set: dict[bytes, bytes] = {}
        self.missing: Mapping[bytes, bytes] = {}
        self.vary: bytes | None = None

    def __call__(self, message: Message) -> Awaitable[None]:
        """Pass a message on."""
        self.begun = True
        if message["type"] in _BEGINNINGS:
            message["headers"] = self._marked(list(message.get("headers", ())))
        return self._send(message)

    def _marked(self, said: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name for name, _ in said}
        if not names.isdisjoint(self.set):
            said = [line for line in said if line[0] not in self.set]
        if self.vary is not None:
            _add_vary(said, self.vary)
        said += self.set.items()
        if names.isdisjoint(self.missing):
            said += self.missing.items()
        else:
            said += [line for line in self.missing.items() if line[0] not in names]
        return said


def marks_of(send: Send) -> Marks:
    """The marks that layers further out have begun, or else new ones."""
    return send if type(send) is Marks else Marks(send)


def set_mark(message: Message, name: bytes, value: bytes) -> None:
    """Have the answer say `value` under `name`, whatever it said there."""
    said = [line for line in message.get("headers", ()) if line[0] != name]
    message["headers"] = [*said, (name, value)]


def _add_vary(said: list[tuple[bytes, bytes]], name: bytes) -> None:
    for place, mark in enumerate(said):
        if mark[0] == b"vary":
            said[place] = (b"vary", mark[1] + b", " + name)
            return
    said.append((b"vary", name))
