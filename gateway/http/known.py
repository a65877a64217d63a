"""Requests that were given a kept answer, and what another that is in all respects like one of them is given.

The long way of a request decides many things before it gives a kept answer: whether the request is well-formed, which
document it names, what its page may ask, which media type it gets, how browsers are to handle the answer. All of it
follows from the request and the settings. So the head of an answer that was given once is remembered under everything
of the request that the long way looks at (`DECIDES`), and nothing of it is decided again for the same request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Final, NamedTuple

import structlog
from starlette.types import Message, Scope

from gateway.answers import Answers, Lifetime, Question, Whole
from gateway.http.admitted import Passing
from gateway.http.caching import public_headers
from gateway.http.correlation import CORRELATION_LINE
from gateway.http.marks import lines_of
from gateway.http.settings import HttpSettings

DECIDES: Final = frozenset(
    {
        b"accept",
        b"access-control-request-method",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"if-none-match",
        b"last-event-id",
        b"origin",
        b"transfer-encoding",
    }
)
"""The headers that an answer depends on, as they were sent."""

SAYS_NOTHING: Final = frozenset({b"traceparent", b"x-correlation-id", b"x-request-deadline-ms"})
"""Those that are looked at on the long way, and change nothing of a kept answer: the ids are of each request, and what
is there is given within any time."""

_NEVER: Final = frozenset({b"authorization", b"expect"})
"""Who names themselves is answered in person; who waits for a `100 Continue` may be refused without being asked on."""
_METHODS: Final = frozenset({"GET", "POST"})
_OWN: Final = frozenset({b"connection", CORRELATION_LINE})
"""What an answer says that no other like it does: whether its connection ends, and its id."""

KNOWN_MAX: Final = 1024
"""Requests that are remembered: twice the pages that fit among the kept answers, since some are asked for in more than
one way."""
REQUEST_BYTES_MAX: Final = 8 * 1024
"""Of a request that is remembered; pages take 1 KiB to 3 with all that browsers send. With the number of them it bounds
the memory to 8 MiB."""

_GIVEN: Final = "state.retailgraph.given"

_log = structlog.get_logger(__name__)

Line = tuple[bytes, bytes]
Key = tuple[str, str, str, bytes, bytes, tuple[Line, ...], bytes]


class Given(NamedTuple):
    """What the long way found out about a request that it gave a kept answer: the question, what counts who asks, and
    the tag under which the answer went out, None for an answer without one."""

    question: Question
    passing: Passing
    etag: str | None


def note(scope: Scope, given: Given) -> None:
    """A request is being given a kept answer: others like it can be given the same."""
    scope[_GIVEN] = given


def noted(scope: Scope) -> Given | None:
    """What was found out about a request that is being given a kept answer."""
    given: Given | None = scope.get(_GIVEN)
    return given


def stumbled(bug: Exception) -> None:
    """Tell of a bug in the short way. It stands outside of what has an answer for bugs, so the request is to go the
    long way, where it needs none of this."""
    _log.error("a kept answer could not be given", exc_info=bug)


class Known:
    """The head of an answer: its `status`, its `lines` but for the id of the request, and the same as `text`."""

    __slots__ = ("_shown", "given", "lines", "status", "text")

    def __init__(self, given: Given, status: int, lines: list[Line]) -> None:
        self.given = given
        self.status = status
        self.lines = lines
        self.text = b""
        self._shown: Lifetime | None = None

    def body(self, whole: Whole, now: float) -> bytes:
        """What is sent after this head, which from now on tells the age of that and its length."""
        body, shown = whole.again(now)
        if shown is not self._shown:
            new = dict(lines_of(public_headers(shown))) | {b"content-length": b"%d" % len(body)}
            self.lines = [(name, new.get(name, value)) for name, value in self.lines]
            self.text = b"".join(b"%b: %b\r\n" % line for line in self.lines)
            self._shown = shown
        return body if self.status == 200 else b""


class Looked(NamedTuple):
    """What was looked at of a request: the headers that decide, the correlation ids it brings, and `key`, under which
    it is known, None while its body is not there."""

    lines: tuple[Line, ...]
    ids: list[str]
    key: Key | None = None


class KnownRequests:
    """One per process, for the addresses of `paths`."""

    def __init__(self, answers: Answers, settings: HttpSettings, paths: Collection[str]) -> None:
        self.answers = answers
        self._bytes_max = min(REQUEST_BYTES_MAX, settings.headers_max_bytes)
        self._paths = frozenset(paths)
        self._known: dict[Key, Known] = {}
        self._asked: Counter[bytes] = Counter()  # what they are asked by, and how many are

    def may_know(self, scope: Scope, body: bytes) -> bool:
        """Whether any request that is known is asked by the same text as this one. Most others it spares a look, which
        takes 3 us."""
        text = _text_of(scope["method"], scope["query_string"], body)
        return len(text) <= REQUEST_BYTES_MAX and text in self._asked

    def look(self, scope: Scope, body: bytes | None = None) -> Looked | None:
        """What there is to look at, None of a request that is never like another. `body` is all of it, or None."""
        if scope["type"] != "http" or scope["path"] not in self._paths or scope["method"] not in _METHODS:
            return None
        # Not by way of its Head, which nobody needs who is answered here, and which would take as long as this again.
        size, lines, ids = 0, [], []
        for line in scope["headers"]:
            name = line[0]
            size += len(name) + len(line[1])
            if name in DECIDES:
                lines.append(line)
            elif name in _NEVER:
                return None
            elif name == CORRELATION_LINE:
                ids.append(line[1].decode("latin-1"))
        if size > self._bytes_max or (body is not None and len(body) > REQUEST_BYTES_MAX):
            return None
        decides = tuple(lines)
        return Looked(decides, ids, None if body is None else key_of(scope, decides, body))

    def find(self, key: Key) -> Known | None:
        """The head of the answer that a request like this one was given."""
        return self._known.get(key)

    def whole(self, known: Known) -> Whole | None:
        """The answer that belongs under that head, if it is still kept."""
        question, _, etag = known.given
        whole = self.answers.look(question)
        return whole if etag is None or whole is None or etag == whole.etag else None

    def remember(self, key: Key, given: Given, message: Message) -> None:
        """Requests like this one are given what is kept, under the head in `message`, if that says how long it is.

        To be called once the server has sent it: it has then found nothing in it that would end a line early.
        """
        method, _, _, raw_path, query, decides, body = key
        if len(raw_path) + len(query) + sum(len(value) for _, value in decides) + len(body) > REQUEST_BYTES_MAX:
            return
        status, lines = message["status"], [line for line in message["headers"] if line[0] not in _OWN]
        if status != 304 and not any(name == b"content-length" for name, _ in lines):
            return
        self._forget(key)
        if len(self._known) >= KNOWN_MAX:
            # The oldest. One that is still asked for goes the long way once, and is remembered anew.
            self._forget(next(iter(self._known)))
        self._known[key] = Known(given, status, lines)
        self._asked[_text_of(method, query, body)] += 1

    def _forget(self, key: Key) -> None:
        if self._known.pop(key, None) is None:
            return
        text = _text_of(key[0], key[4], key[6])
        self._asked[text] -= 1
        if not self._asked[text]:
            del self._asked[text]


def _text_of(method: str, query: bytes, body: bytes) -> bytes:
    return body if method == "POST" else query


def key_of(scope: Scope, lines: tuple[Line, ...], body: bytes) -> Key:
    """Under what a request is known. The body of a GET is nobody's business."""
    method = scope["method"]
    target = scope["path"], scope.get("raw_path") or b"", scope["query_string"]
    return (method, scope["scheme"], *target, lines, body if method == "POST" else b"")
