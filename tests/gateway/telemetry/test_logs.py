"""Log lines: their form, the correlation id, and what never gets into them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal

import pytest
import structlog

from domains.customers import Customer
from domains.upstream import correlation_id
from domains.vocabulary import CustomerId
from gateway.telemetry import configure_logs, mask


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, configured = (root.handlers, root.level), structlog.get_config()
    yield
    root.handlers, root.level = before
    structlog.configure(**configured)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def fail() -> None:
    raise RuntimeError("asked for ada@example.com with Bearer abc.def")


def test_a_line_is_one_json_object_with_the_correlation_id() -> None:
    """Both our own and foreign loggers write one JSON object per event, with the id of the request being answered."""
    out = io.StringIO()
    configure_logs("info", "json", out)
    held = correlation_id.set("req-1")
    structlog.get_logger("gateway").info("answered", status=200)
    logging.getLogger("elsewhere").warning("slow: %d ms", 12)
    correlation_id.reset(held)
    ours, foreign = lines(out)
    assert (ours["event"], ours["status"], ours["level"], ours["correlation_id"]) == ("answered", 200, "info", "req-1")
    assert (foreign["event"], foreign["logger"], foreign["correlation_id"]) == ("slow: 12 ms", "elsewhere", "req-1")


def test_levels_below_the_chosen_one_are_not_written() -> None:
    """`warning` silences info lines."""
    out = io.StringIO()
    configure_logs("warning", "json", out)
    structlog.get_logger("gateway").info("chatter")
    logging.getLogger("elsewhere").info("chatter")
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    "key", ["authorization", "Authorization", "x-api-key", "token", "access_token", "email", "customerEmail", "phone"]
)
def test_private_keys_are_masked_at_any_depth(key: str) -> None:
    """A private key's value is masked at the top, inside mappings and inside lists."""
    event = mask(None, "info", {key: "private", "call": {key: "private"}, "calls": [{key: "private"}]})
    assert event == {key: "***", "call": {key: "***"}, "calls": [{key: "***"}]}


@pytest.mark.parametrize("form", ["json", "console"])
def test_private_texts_are_masked_whatever_their_key(form: Literal["json", "console"]) -> None:
    """A bearer token or an e-mail address inside a sentence does not reach the line, nor does one in a traceback."""
    out = io.StringIO()
    configure_logs("info", form, out)
    try:
        fail()
    except RuntimeError:
        structlog.get_logger("gateway").exception("failed for ada@example.com")
    assert "ada@" not in out.getvalue()
    assert "abc.def" not in out.getvalue()
    assert "RuntimeError" in out.getvalue()


@pytest.mark.parametrize(
    "number",
    [
        "+493023125001",
        "+33 1 99 00 12 34",
        "+1 (555) 010-9999",
        "+44-20-7946-0958",
        "030 23125001",
        "(030) 231 25 001",
        "0170/9876543",
        "0170-9876543",
        "(555) 010-9999",
        "555-010-9999",
    ],
)
def test_a_telephone_number_does_not_reach_the_line(number: str) -> None:
    """Whatever its key, by itself and inside of a sentence, as people and as systems write it."""
    event = mask(None, "info", {"why": f"asked for {number}, twice", "about": number})
    assert event == {"why": "asked for ***, twice", "about": "***"}


def test_what_is_no_text_is_masked_as_the_text_it_becomes() -> None:
    """An error or a path is looked at like a sentence, and a record, which holds who knows what, is not shown."""
    error, place = ValueError("no ada@example.com"), PurePosixPath("/orders/+493023125001")
    event = mask(None, "info", {"error": error, "place": place, "found": Customer(id=CustomerId("c"), email="a@b.de")})
    assert event == {"error": "no ***", "place": "/orders/***", "found": "***"}


def test_public_facts_stay_readable() -> None:
    """Masking leaves ordinary keys and values alone, also those with many digits."""
    event = {
        "event": "answered",
        "system": "ERP",
        "elapsed_s": 0.1,
        "sku": "SKU-00001",
        "missing": None,
        "timestamp": "2026-11-21T18:29:36.899291Z",
        "began": "2026-11-21T18:29:36+00:00",
        "day": "2026-03-01",
        "order": "R100000001",
        "flow": "flow-0123456789abcdef01234567",
        "correlation_id": "329a939d-0123-4567-8910-329a939d80bb",
        "trace": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "said": "2000 items in 0.054 s, 88000 of 1234567890, version 1.27.1024, 127.0.0.1:35599",
        "address_of_it": "***",
        "many": [1, 2.5, True],
    }
    assert mask(None, "info", dict(event)) == event


def test_the_console_form_is_for_people() -> None:
    """The console form is text, masked like the other, and without colour codes when nobody watches."""
    out = io.StringIO()
    configure_logs("info", "console", out)
    structlog.get_logger("gateway").info("answered", email="ada@example.com")
    assert "answered" in out.getvalue()
    assert "ada@" not in out.getvalue()
    assert "\x1b" not in out.getvalue()
