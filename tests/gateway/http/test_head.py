"""The head of a request, and what is added to the head of an answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import Message, Scope

from gateway.http import head_of
from gateway.http.marks import Marks, marks_of, set_mark

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


async def marked(message: Message, write: Callable[[Marks], None]) -> list[tuple[bytes, bytes]]:
    """The lines of `message` when it went through marks that `write` wrote."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    marks = marks_of(send)
    assert marks_of(marks) is marks
    write(marks)
    assert not marks.begun
    await marks(message)
    assert marks.begun
    lines: list[tuple[bytes, bytes]] = sent[0]["headers"]
    return lines


async def test_what_an_answer_says_itself_is_left() -> None:
    """Missing marks are added; one that the answer brings is its own, and lists of others are not changed."""

    def write(marks: Marks) -> None:
        marks.missing = {b"a": b"ours", b"b": b"ours"}

    own = [(b"a", b"mine")]
    message: Message = {"type": "http.response.start", "status": 200, "headers": own}
    assert await marked(message, write) == [(b"a", b"mine"), (b"b", b"ours")]
    assert own == [(b"a", b"mine")]
    bare: Message = {"type": "http.response.start", "status": 200}
    assert await marked(bare, write) == [(b"a", b"ours"), (b"b", b"ours")]


async def test_what_is_set_is_what_is_said() -> None:
    """Whatever the answer says under that name, and however often, also that of a handshake."""

    def write(marks: Marks) -> None:
        marks.set[b"id"] = b"ours"

    assert await marked(start((b"id", b"mine"), (b"id", b"too"), (b"b", b"1")), write) == [
        (b"b", b"1"),
        (b"id", b"ours"),
    ]
    assert await marked({"type": "websocket.accept"}, write) == [(b"id", b"ours")]


async def test_vary_grows() -> None:
    """A name is added to what an answer varies by already, or stands alone."""

    def write(marks: Marks) -> None:
        marks.vary = b"Origin"

    assert await marked(start((b"vary", b"Accept")), write) == [(b"vary", b"Accept, Origin")]
    assert await marked(start(), write) == [(b"vary", b"Origin")]
