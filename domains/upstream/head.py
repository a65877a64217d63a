"""The head of an answer, which hardly anybody asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser


class Head:
    """The header fields of an answer, read when somebody asks: of a good answer they are seldom looked at, and to have
    each handed over cost a tenth of what a whole call does.

    `raw` is what arrived up to the end of the head, or more than that.
    """

    __slots__ = ("_fields", "_low", "_raw")

    def __init__(self, raw: bytes, fields: list[tuple[bytes, bytes]] | None = None) -> None:
        self._raw = raw
        self._low = raw.lower()
        self._fields = fields

    @classmethod
    def of(cls, fields: Iterable[tuple[bytes, bytes]]) -> Head:
        """From fields that are known."""
        known = [(name.lower(), value) for name, value in fields]
        return cls(b"\n".join(name for name, _ in known), known)

    def may_name(self, part: bytes) -> bool:
        """False: no field has a name with `part` in it, which is in lower case. True: one may."""
        return part in self._low

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Names in lower case, and values, in their order."""
        if self._fields is None:
            self._fields = _Reader().read(self._raw)
        return self._fields

    def named(self) -> dict[str, str]:
        """The values by name in lower case; of several the last."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.fields()}


def parser_for(reader: object) -> HttpResponseParser:
    """As lenient as browsers and aiohttp are; none of these can make one answer into two."""
    parser = HttpResponseParser(reader)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser


class _Reader:
    """Has llhttp read a head once more, which it has understood before: it is the one judge of what a field is."""

    def __init__(self) -> None:
        self._fields: list[tuple[bytes, bytes]] = []
        self._status = 0
        self._parser: HttpResponseParser | None = None

    def read(self, raw: bytes) -> list[tuple[bytes, bytes]]:
        self._parser = parser_for(self)
        with contextlib.suppress(HttpParserError, HttpParserUpgrade):  # of what comes after the head
            self._parser.feed_data(raw)
        self._parser = None  # the two hold each other
        return self._fields

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._status < 200:  # 100 to 199: only a word in between
            self._fields.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status < 200:  # or a trailer
            self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if self._parser is not None and self._status < 200:
            self._status = self._parser.get_status_code()
