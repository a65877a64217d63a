"""The stages of a run, told one by one."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.engine import Engine
from gateway.engine.compiled import Span, stage_log
from gateway.telemetry import configure_logs
from tests.gateway.engine.compiled.test_toys import Playing
from tests.gateway.engine.compiled.toys import SCHEMA

TEXT = "query Look { bag(id: 3) { boxes { short inner { id } } stock } }"


async def run(engine: Engine) -> Any:
    return await engine.run(TEXT, None, None, Playing(), comes_again=True)


async def test_a_span_for_each_stage() -> None:
    """Which field at which place, for how many parents, and how long; in the order in which they end."""
    spans: list[Span] = []
    traced = Engine(SCHEMA, tracer=spans.append)
    answer = await run(traced)
    assert answer.data == (await run(Engine(SCHEMA))).data
    assert [(one.coordinate, one.place, one.parents) for one in spans] == [
        ("Query.bag", "bag", 1),
        ("Bag.stock", "bag.stock", 1),
        ("Box.inner", "bag.boxes[].inner", 3),
    ]
    assert {one.operation for one in spans} == {"Look"}
    assert all(one.seconds >= 0 for one in spans)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log at its finest; afterwards all is as it was."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    out = io.StringIO()
    configure_logs("debug", "json", out)
    structlog.configure(cache_logger_on_first_use=False)
    yield out
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**before)


async def test_a_line_for_each_stage_where_debugging_is_logged(log: io.StringIO) -> None:
    """Without anybody's asking for it."""
    await run(Engine(SCHEMA))
    lines = [line for line in map(json.loads, log.getvalue().splitlines()) if line["event"] == "stage"]
    assert {"operation": "Look", "field": "Query.bag", "place": "bag", "parents": 1}.items() <= lines[0].items()
    assert {line["field"] for line in lines} >= {"Query.bag", "Bag.stock", "Box.inner"}
    assert all(line["ms"] >= 0 for line in lines)


def test_nothing_is_traced_where_it_is_not() -> None:
    """At the usual level of the log there is no tracer, and a stage has no line of code for one."""
    assert stage_log() is None
