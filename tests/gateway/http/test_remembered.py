"""What is remembered of requests, for how many, and bodies that are not there at once."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.testing import LogCapture

from gateway.answers import Answers, AnswerSettings, Question, Whole
from gateway.http import HttpSettings, Kept, KnownRequests
from gateway.http.known import KNOWN_MAX, Given, Key, note
from tests.gateway.http.show_window import QUERY, Life, Shop, Street, asked, in_one_piece


async def test_another_answer_to_the_same_question_is_compared_anew() -> None:
    """A tag is of the data: once these have changed, who has the old ones is given the new."""
    answers = Answers(AnswerSettings(), lambda: Life().observed_at)
    question = answers.question("anybody", None, "{ a }", None, None, is_query=lambda: True)
    assert question is not None
    given, noted = _noting(question, etag=Whole(b"old", Life()).etag)
    app = Kept(given, KnownRequests(answers, HttpSettings(), {"/"}))
    async with in_one_piece(app) as http:
        for core, ways in ((b"old", 1), (b"new", 3)):
            answers.forgotten("stock", ["a"])
            _keep(answers, question, core)
            for _ in range(2):
                await asked(http, "GET")
            assert len(noted) == ways


async def test_a_body_that_comes_in_parts_goes_the_long_way() -> None:
    """Whoever reads it there has all of it, and waits no longer than they may."""
    shop = Shop()
    app = Street(shop)
    text = orjson.dumps(QUERY)
    for parts in ([text], [text], [text], [text[:5], text[5:]]):
        assert (await _sent(app, parts))[0]["status"] == 200
    assert (shop.opened, shop.passed) == (3, 1)


async def test_what_is_written_outside_is_not_remembered() -> None:
    """Who stands outside marks every answer by itself, and none twice."""
    street = Street(Shop())

    async def marking(scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-outside", b"yes")]
            await send(message)

        await street(scope, receive, marked)

    async with in_one_piece(marking) as http:
        for _ in range(4):
            assert (await asked(http)).headers.get_list("x-outside") == ["yes"]


@pytest.mark.parametrize("bug", ["look", "remember"])
async def test_a_bug_in_remembering_is_told_and_harms_no_answer(bug: str, logged: LogCapture) -> None:
    """Nothing that has an answer for a bug stands outside: whatever fails here is done without."""

    class Broken(KnownRequests):
        def __getattribute__(self, name: str) -> object:
            if name == bug:
                raise RuntimeError(bug)
            return super().__getattribute__(name)

    shop = Shop()
    street = Street(shop, remembers=False)  # of two that listen the inner one is told
    app = Kept(street, Broken(shop.answers, HttpSettings(), {"/"}))
    async with in_one_piece(app) as http:
        for _ in range(2):
            assert (await asked(http)).json()["data"] == {"shown": "a"}
    assert {str(entry["exc_info"]) for entry in logged.entries} == {bug}


async def test_who_hangs_up_is_answered_nothing() -> None:
    """Gone before there was a body: the long way finds that out as ever."""
    assert await _sent(Street(Shop()), []) == []


async def test_no_more_is_remembered_than_fits() -> None:
    """The oldest goes first; it costs whoever asks for it the long way, once."""
    answers = Answers(AnswerSettings(), lambda: Life().observed_at)
    question = answers.question("anybody", None, "{ a }", None, None, is_query=lambda: True)
    assert question is not None
    _keep(answers, question, b'{"data":null')
    given, noted = _noting(question)
    requests = KnownRequests(answers, HttpSettings(), {"/"})
    app, post = Kept(given, requests), {"method": "POST", "query_string": b""}
    for number in range(KNOWN_MAX + 1):
        await _sent(app, [b"%d" % number])
    assert [requests.may_know(post, b"%d" % number) for number in (0, 1, KNOWN_MAX)] == [False, True, True]
    await _sent(app, [b"%d" % KNOWN_MAX])
    assert len(noted) == KNOWN_MAX + 1
    await _sent(app, [b"0"])
    assert len(noted) == KNOWN_MAX + 2
    for _ in range(2):
        await _sent(app, [b"x" * 9_000])
    assert len(noted) == KNOWN_MAX + 4


async def test_a_text_is_known_as_long_as_any_request_by_it() -> None:
    """By whatever else two of them differ, and however often one of them is remembered."""
    answers = Answers(AnswerSettings(), lambda: Life().observed_at)
    question = answers.question("anybody", None, "{ a }", None, None, is_query=lambda: True)
    assert question is not None
    requests = KnownRequests(answers, HttpSettings(), {"/"})
    head: Message = {"status": 200, "headers": [(b"content-length", b"0")]}

    def key(host: bytes) -> Key:
        return "POST", "http", "/", b"/", b"", ((b"host", host),), b"text"

    post = {"method": "POST", "query_string": b""}
    for host in (b"a", b"b", b"a"):
        requests.remember(key(host), Given(question, Shop(), None), head)
    for host in (b"a", b"b"):
        assert requests.may_know(post, b"text")
        requests._forget(key(host))
    assert not requests.may_know(post, b"text")


def _noting(question: Question, etag: str | None = None) -> tuple[ASGIApp, list[Scope]]:
    """The least of a long way, and who went it."""
    noted: list[Scope] = []

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        noted.append(scope)
        note(scope, Given(question, Shop(), etag))
        lines = [(b"age", b"0"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body", "body": b""})

    return app, noted


def _keep(answers: Answers, question: Question, core: bytes) -> None:
    """As a run would."""
    answers._store.put(question, Whole(core, Life()), {"stock": ["a"]}, Life().good_until)


async def _sent(app: ASGIApp, parts: list[bytes]) -> list[dict[str, Any]]:
    """What is answered to a POST of these parts, after which the client hangs up."""
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": place < len(parts)} for place, part in enumerate(parts, 1)
    ]
    answered: list[dict[str, Any]] = []

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answered.append(dict(message))

    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "query_string": b"",
        "client": ("192.0.2.9", 1),
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return answered
