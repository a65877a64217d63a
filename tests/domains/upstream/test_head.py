"""The head of an answer, read when somebody asks."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.upstream.head import Head
from domains.vocabulary import UpstreamGarbled
from tests.domains.upstream.peers import CLOSES, STOCK, calling

TOKENS = st.text("abcXYZ-09", min_size=1, max_size=12)
VALUES = st.text("abc XYZ,;=\"'()/0189:", max_size=20).map(str.strip)
PLAIN = b"HTTP/1.1 200 OK\r\nEtag: 7\r\nX-Mine: a\r\nx-mine: b\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"


@given(
    st.lists(st.tuples(TOKENS, VALUES), max_size=8), st.binary(max_size=40), st.sampled_from([b"", INTERIM, b"\r\n"])
)
def test_a_head_is_read_as_it_was_said(fields: list[tuple[str, str]], rest: bytes, before: bytes) -> None:
    """Names in lower case and values in order, whatever stands before and after the head; and none is overlooked."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields).encode()
    head = Head(before + b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n" + rest)
    assert head.fields() == [(name.lower().encode(), value.encode()) for name, value in fields]
    assert all(head.may_name(name[:5].lower().encode()) for name, _ in fields)


def test_of_several_the_last_counts() -> None:
    """By name, in lower case."""
    head = Head(PLAIN)
    assert head.named() == {"etag": "7", "x-mine": "b"}
    assert head.may_name(b"etag")
    assert not head.may_name(b"content-encoding")


PACKED = gzip.compress(b"hello")
SAID = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(PACKED), PACKED)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + SAID,
        INTERIM + b"HTTP/1.1 200 OK\r\n" + SAID,
        INTERIM + INTERIM + b"HTTP/1.1 200 OK\r\n" + SAID,
        b"\r\n\r\nHTTP/1.1 200 OK\r\n" + SAID,
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED)).replace(b"\r", b"")
        + PACKED,
        b"HTTP/1.1 200 OK\r\nVary: Content-Encoding\r\n" + SAID,
    ],
    ids=["plain", "a word before", "two words before", "blank lines before", "bare line feeds", "a name as a value"],
)
async def test_how_a_body_is_packed_is_never_overlooked(answer: bytes) -> None:
    """Wherever in what arrives the head begins and ends."""
    async with calling(answer) as (_, out, _):
        assert await out.get("/", STOCK) == b"hello"


@pytest.mark.parametrize(
    ("head", "is_whole"),
    [
        (b"Content-Length: 9\r\n", False),
        (b"CONTENT-LENGTH: 9\r\n", False),
        (b"Transfer-Encoding: chunked\r\n", False),
        (b"Access-Control-Expose-Headers: Content-Length\r\n", True),
        (b"", True),
    ],
)
async def test_only_a_body_without_an_end_of_its_own_ends_with_the_connection(head: bytes, is_whole: bool) -> None:
    """A body that is cut short is no answer, and one that was never said how long it is is whole."""
    body = b"9\r\nhello" if b"chunked" in head else b"hello"
    async with calling(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + body + CLOSES) as (_, out, _):
        if is_whole:
            assert await out.get("/", STOCK) == b"hello"
        else:
            with pytest.raises(UpstreamGarbled):
                await out.get("/", STOCK)
