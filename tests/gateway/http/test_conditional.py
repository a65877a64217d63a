"""Requests by whoever has the answer already."""

import pytest

from gateway.http.conditional import has_it, tagged
from gateway.http.errors import Reply
from gateway.http.head import Head

TAG = 'W/"abc"'
HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "public, max-age=5",
    "Vary": "Accept, Authorization",
    "Age": "2",
}
REPLY = Reply(200, b"{}", HEADERS)


@pytest.mark.parametrize(
    ("sent", "has"),
    [
        ('W/"abc"', True),
        ('"abc"', True),
        ("*", True),
        (" * ", True),
        ('"x", W/"abc"', True),
        ('"x,y","abc"', True),
        ("", False),
        ('"x"', False),
        ('W/"ABC"', False),
        ("abc", False),
        ('"abc', False),
        ('"*"', False),
        ('"x", *', False),
    ],
)
def test_tags_are_compared_weakly(sent: str, has: bool) -> None:
    """One, a list of them, or any at all; W/ says nothing here, and what cannot be read names nothing."""
    assert has_it(sent, TAG) is has


def test_who_has_it_is_sent_no_body() -> None:
    """304 with what caches go by, and nothing of the body."""
    status, body, headers = tagged(REPLY, TAG, Head([(b"if-none-match", b'"abc"')]))
    kept = {name: HEADERS[name] for name in ("Cache-Control", "Vary", "Age")}
    assert (status, body, headers) == (304, b"", {**kept, "ETag": TAG})


def test_who_has_another_is_sent_the_whole() -> None:
    """The same answer, under its tag."""
    assert tagged(REPLY, TAG, Head([(b"if-none-match", b'"x"')])) == Reply(200, b"{}", {**HEADERS, "ETag": TAG})
