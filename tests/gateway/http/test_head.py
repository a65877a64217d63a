"""The head of a request, and what is added to the head of an answer."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import Message, Scope, Send

from gateway.http import head_of
from gateway.http.errors import Reply
from gateway.http.marks import Marks, Missing, marks_of

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
        marks.missing = Missing({b"a": b"ours", b"b": b"ours"})

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


async def test_what_is_set_late_is_asked_for_when_the_answer_begins() -> None:
    """What was decided meanwhile counts; it is set like the rest."""
    decided = {b"id": b"early"}

    def write(marks: Marks) -> None:
        marks.set[b"id"] = b"ours"
        marks.late = lambda: decided
        decided[b"id"] = b"late"

    assert await marked(start((b"id", b"mine"), (b"b", b"1")), write) == [(b"b", b"1"), (b"id", b"late")]


async def test_who_goes_down_ends_the_connection() -> None:
    """Whatever the answer said of it; a handshake is no answer that could."""

    class Leaving:
        draining = True

    def write(marks: Marks) -> None:
        marks.leaving = Leaving()

    said = start((b"connection", b"keep-alive"), (b"age", b"1"), (b"connection", b"upgrade"))
    assert await marked(said, write) == [(b"age", b"1"), (b"connection", b"close")]
    assert await marked({"type": "websocket.accept"}, write) == []


class Taking:
    """A server's `send` that takes whole answers while it can, and heads with them."""

    def __init__(self, *, takes: bool = True) -> None:
        self.takes = takes
        self.heads: list[tuple[int, list[bytes], bytes]] = []
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    def whole(self, status: int, head: bytes, body: bytes) -> bool:
        if self.takes:
            self.heads.append((status, sorted(head.split(b"\r\n")), body))
        return self.takes


MARKS = {"x-a": "mine", "Vary": "Accept", "Content-Type": "text/plain"}


def marking(marks: Marks) -> None:
    marks.missing = Missing({b"x-a": b"ours", b"x-b": b"ours"})
    marks.set[b"x-id"] = b"1"
    marks.set[b"content-type"] = b"text/html"
    marks.late = lambda: {b"x-late": b"2"}
    marks.vary = b"Origin"


async def test_a_whole_answer_says_what_messages_say() -> None:
    """The same lines by both ways, also of one that was sent before; in messages where the server does not take it."""
    for _ in range(2):
        for status in (200, 304):
            at_once, told = Taking(), Taking(takes=False)
            for send in (at_once, told):
                marks = Marks(send)
                marking(marks)
                await Reply(status, b"abc" if status == 200 else b"", dict(MARKS)).send(marks)
                assert marks.begun
            begun, body = told.messages
            said = [b"%b: %b" % line for line in begun["headers"]]
            assert at_once.messages == []
            assert at_once.heads == [(begun["status"], sorted([*said, b""]), body["body"])]


async def test_what_the_server_has_to_heed_is_a_message() -> None:
    """A connection that is to end, or a listener who wants to see how the answer begins."""

    class Listener:
        heard = 0

        def wants(self, scope: Scope) -> bool:
            return bool(scope["type"] == "http")

        async def hear(self, scope: Scope, message: Message, send: Send) -> None:
            self.heard += 1
            await send(message)

    send, listener = Taking(), Listener()
    await Reply(413, b"", {"Connection": "close"}).send(Marks(send))
    marks = Marks(send)
    marks.told_to(listener, scope([]))
    await Reply(200, b"", {}).send(marks)
    assert (send.heads, len(send.messages), listener.heard) == ([], 4, 1)
