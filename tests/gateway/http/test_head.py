"""The head of a request, and what is added to the head of an answer."""

from __future__ import annotations

from starlette.types import Message, Scope

from gateway.http import head_of
from gateway.http.marks import add_missing, add_vary, set_mark

LINES = [(b"accept", b"a/b"), (b"host", b"shop"), (b"accept", b"caf\xe9/d")]


def scope(lines: list[tuple[bytes, bytes]]) -> Scope:
    return {"type": "http", "headers": lines}


def start(*headers: tuple[bytes, bytes]) -> Message:
    return {"type": "http.response.start", "status": 200, "headers": list(headers)}


def test_values_stand_in_the_order_they_came() -> None:
    """All values of a name, the first, and all as one list; nothing for a name that was not sent."""
    head = head_of(scope(LINES))
    assert (head.all(b"accept"), head.first(b"accept")) == (["a/b", "caf\xe9/d"], "a/b")
    assert (head.joined(b"accept"), head.joined(b"cookie")) == ("a/b,caf\xe9/d", "")
    assert (head.all(b"cookie"), head.first(b"cookie"), b"host" in head, b"cookie" in head) == ([], None, True, False)
    assert head.size == sum(len(name) + len(value) for name, value in LINES)


def test_a_copy_of_the_scope_with_other_lines_has_a_head_of_its_own() -> None:
    """What was read of a handshake is not taken for what somebody made of it: a token that came later counts."""
    first = scope(LINES)
    assert head_of(first) is head_of(first)
    second = {**first, "headers": [(b"authorization", b"Bearer x")]}
    assert head_of(second).all(b"authorization") == ["Bearer x"]
    assert head_of(first).all(b"authorization") == []


def test_a_mark_stands_once() -> None:
    """What is set replaces whatever was said under the name, however often."""
    message = start((b"connection", b"keep-alive"), (b"age", b"1"), (b"connection", b"upgrade"))
    set_mark(message, b"connection", b"close")
    assert message["headers"] == [(b"age", b"1"), (b"connection", b"close")]


def test_what_an_answer_says_itself_is_left() -> None:
    """Missing marks are added; one that the answer brings is its own, and lists of others are not changed."""
    own = [(b"a", b"mine")]
    message: Message = {"type": "http.response.start", "status": 200, "headers": own}
    add_missing(message, {b"a": b"ours", b"b": b"ours"})
    assert message["headers"] == [(b"a", b"mine"), (b"b", b"ours")]
    assert own == [(b"a", b"mine")]
    bare: Message = {"type": "http.response.start", "status": 200}
    add_missing(bare, {b"a": b"ours"})
    assert bare["headers"] == [(b"a", b"ours")]


def test_vary_grows() -> None:
    """A name is added to what an answer varies by already, or stands alone."""
    message, bare = start((b"vary", b"Accept")), start()
    add_vary(message, b"Origin")
    add_vary(bare, b"Origin")
    assert (message["headers"], bare["headers"]) == ([(b"vary", b"Accept, Origin")], [(b"vary", b"Origin")])
