"""Log lines: their form, the correlation id, and what never gets into them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from domains.upstream import correlation_id
from gateway.telemetry import configure_logs, mask


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()


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


def test_public_facts_stay_readable() -> None:
    """Masking leaves ordinary keys and values alone."""
    event = {"event": "answered", "system": "ERP", "elapsed_s": 0.1, "sku": "SKU-00001", "missing": None}
    assert mask(None, "info", dict(event)) == event


def test_the_console_form_is_for_people() -> None:
    """The console form is text, masked like the other, and without colour codes when nobody watches."""
    out = io.StringIO()
    configure_logs("info", "console", out)
    structlog.get_logger("gateway").info("answered", email="ada@example.com")
    assert "answered" in out.getvalue()
    assert "ada@" not in out.getvalue()
    assert "\x1b" not in out.getvalue()
