"""Senders who never finish, and readers who never read: each is let go in time, and nobody else waits for them."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest

from gateway.heads import HEAD_BYTES_MAX, HEAD_TIMEOUT_S
from tests.attacks.house import ADA, BODY_TIMEOUT_S, SLOW_READER_S, Target
from tests.attacks.wire import ask, request

SLACK_S = 1.0
CROWD = 100


@contextlib.contextmanager
def connected(target: Target) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", target.port), timeout=15) as wire:
        yield wire


def _answer(wire: socket.socket) -> bytes:
    said = b""
    with contextlib.suppress(ConnectionError):
        while part := wire.recv(65_536):
            said += part
    return said


@pytest.mark.parametrize("drips", [False, True], ids=["stalled", "dripping"])
def test_a_body_that_does_not_end_is_given_up(target: Target, drips: bool) -> None:
    """408 with a code, within the time for a body, whether nothing comes or always a little."""
    began = time.monotonic()
    with connected(target) as wire:
        wire.sendall(request(more=[("Content-Length", "1000")], framed=False))
        wire.settimeout(0.05)
        said = b""
        while not said and time.monotonic() - began < BODY_TIMEOUT_S + 2 * SLACK_S:
            with contextlib.suppress(TimeoutError):
                said = wire.recv(65_536)
            if drips and not said:
                wire.sendall(b" ")
        wire.settimeout(SLACK_S)
        said += _answer(wire)
    assert b" 408 " in said
    assert b"BODY_TIMEOUT" in said
    assert BODY_TIMEOUT_S <= time.monotonic() - began <= BODY_TIMEOUT_S + SLACK_S


def test_headers_that_do_not_end_are_cut_off(target: Target) -> None:
    """431 once there are too many, and they are not kept: a gigabyte of headers takes no more memory than a page."""
    before = target.memory()["VmRSS"]
    line = b"X-A: " + b"a" * 1000 + b"\r\n"
    with connected(target) as wire:
        wire.sendall(b"POST /graphql HTTP/1.1\r\nHost: a\r\n")
        sent_kib = 0
        with contextlib.suppress(ConnectionError):
            while sent_kib < 100 * 1024:
                wire.sendall(line * 1000)
                sent_kib += 1000
    assert sent_kib < 20 * 1024, "nobody stopped us"
    with connected(target) as wire:
        wire.sendall(b"POST /graphql HTTP/1.1\r\nHost: a\r\n" + line * (HEAD_BYTES_MAX // len(line) + 1))
        said = _answer(wire)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b"HEADERS_TOO_LARGE" in said
    assert target.memory()["VmRSS"] - before < 16 * 1024 * 1024


def test_headers_that_come_too_slowly_are_given_up(target: Target) -> None:
    """408 within the time for headers, however many bytes trickle in; meanwhile everybody else is answered."""
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connected(target)) for _ in range(CROWD)]
        for wire in crowd:
            wire.sendall(b"POST /graphql HTTP/1.1\r\nHost: a\r\n")
        began = time.monotonic()
        while time.monotonic() - began < HEAD_TIMEOUT_S - 2 * SLACK_S:
            for wire in crowd:
                wire.sendall(b"X")
            assert target.normal().status == 200
        answers = [_answer(wire) for wire in crowd]
        assert time.monotonic() - began < HEAD_TIMEOUT_S + 2 * SLACK_S
    assert all(answer.startswith(b"HTTP/1.1 408 ") and b"HEADERS_TIMEOUT" in answer for answer in answers)


def test_a_crowd_of_slow_senders_slows_nobody(target: Target) -> None:
    """While a hundred hold half a body each, others are answered as fast as ever; then all of them are let go."""
    files = target.files()
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connected(target)) for _ in range(CROWD)]
        for wire in crowd:
            wire.sendall(request(more=[("Content-Length", "1000000")], framed=False) + b"{" * 100)
        answers = [target.normal() for _ in range(20)]
        assert {answer.status for answer in answers} == {200}
        assert sorted(answer.seconds for answer in answers)[10] < 0.1
        assert all(b" 408 " in _answer(wire) for wire in crowd)
    until = time.monotonic() + 5
    while target.files() > files + 5 and time.monotonic() < until:
        target.normal()
    assert target.files() <= files + 5


def test_a_reader_who_never_reads_is_let_go(target: Target) -> None:
    """Of an event stream with much to tell: it ends once nothing is taken, without being held in memory."""
    before = target.memory()["VmRSS"]
    body = json.dumps(
        {
            "query": "query($a: [String!]!) { products(skus: $a) { name description category } }",
            "variables": {"a": [f"SKU-{n:05}" for n in range(1, 2001)]},
        }
    ).encode()
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            wire = stack.enter_context(connected(target))
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.sendall(request(body=body, accept="text/event-stream", token=ADA))
        until = time.monotonic() + SLOW_READER_S + 3 * SLACK_S
        while time.monotonic() < until:
            assert target.normal().status == 200
    assert target.memory()["VmRSS"] - before < 64 * 1024 * 1024


def test_many_questions_in_one_breath_are_answered_in_turn(target: Target) -> None:
    """A hundred requests written at once on one connection: a hundred answers, and no more memory than for one."""
    one = ask("{ __typename }", token=ADA).replace(b"Connection: close\r\n", b"")
    with connected(target) as wire:
        wire.sendall(one * (CROWD - 1) + ask("{ __typename }", token=ADA))
        said = _answer(wire)
    assert said.count(b'{"data":{"__typename":"Query"}}') == CROWD


def test_who_hangs_up_at_once_costs_nothing(target: Target) -> None:
    """Five hundred connections that ask and are gone: no file stays open, and the next one is answered."""
    files = target.files()
    for _ in range(500):
        with connected(target) as wire:
            wire.sendall(ask("{ __typename }"))
    until = time.monotonic() + 5
    while target.files() > files + 5 and time.monotonic() < until:
        target.normal()
    assert target.files() <= files + 5
