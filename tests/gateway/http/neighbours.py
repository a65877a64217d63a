"""Who asks in the street by a connection of their own, and reads what they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import httptools
import orjson

from tests.gateway.http.show_window import ID, QUERY, Shop, Street
from tests.gateway.pipe import Pipe

TEXT = orjson.dumps(QUERY)
SHOWN = b'"data":{"shown":"a"}'


def request(method: str = "POST", headers: Mapping[str, str] | None = None, *, version: str = "1.1") -> bytes:
    """As the street's neighbours ask."""
    given = {"Host": "shop"} | ID | dict(headers or {})
    body = b""
    if method == "POST":
        given = {"Content-Type": "application/json"} | given
        body = TEXT
        if "Transfer-Encoding" in given:
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(TEXT), TEXT)
        else:
            given["Content-Length"] = str(len(TEXT))
    target = "/" if method == "POST" else f"/?{urlencode(QUERY)}"
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {target} HTTP/{version}\r\n{lines}\r\n".encode() + body


class Shown:
    """The answers in what was written, in their order."""

    def __init__(self, written: bytes) -> None:
        self.bodies: list[bytes] = []
        self.statuses: list[int] = []
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(written)

    def on_message_begin(self) -> None:
        self.bodies.append(b"")

    def on_body(self, body: bytes) -> None:
        self.bodies[-1] += body

    def on_message_complete(self) -> None:
        self.statuses.append(self._parser.get_status_code())


async def known(shop: Shop, **given: object) -> Pipe:
    """A connection to a street where both ways of asking are known."""
    pipe = Pipe(Street(shop, **given))  # type: ignore[arg-type]  # as the street has them
    for method in ("GET", "POST"):
        for _ in range(3):
            await pipe.asked(request(method))
    shop.opened = shop.turns = shop.passed = 0
    return pipe


def lines(answer: bytes) -> tuple[bytes, list[bytes], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    return status, sorted(headers), body
