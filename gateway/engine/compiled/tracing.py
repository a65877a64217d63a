"""How long the stages of plans take, for whoever wants to know."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import structlog

from gateway.engine.compiled.running import Entry, Run
from gateway.engine.compiled.stages import Stage

_log = structlog.get_logger(__name__)


class Span(NamedTuple):
    """One stage of one run: a field at its place, asked for all its `parents` at once.

    `seconds` pass from asking to the completion of the last value, the stages below not included.
    """

    operation: str
    place: str
    coordinate: str
    parents: int
    seconds: float


Tracer = Callable[[Span], None]
"""Told of every stage when it is done; of one that is cancelled it is not told."""


def stage_log() -> Tracer | None:
    """Writes spans to the log where lines for debugging are written; None where they are not."""
    return _line if logging.getLogger(__name__).isEnabledFor(logging.DEBUG) else None


def trace(stage: Stage, operation: str, tracer: Tracer, clock: Callable[[], float] = time.perf_counter) -> None:
    """Have `tracer` told of `stage` from here on. A stage that is not traced has no line of code for it."""
    ask, ask_all, complete = stage.ask, stage.ask_all, stage.complete

    def asking(ask: Callable[[Run, Sequence[Entry]], Any] | None) -> Callable[[Run, Sequence[Entry]], Any] | None:
        def asked(run: Run, entries: Sequence[Entry]) -> Any:
            run.began[stage.number] = clock()
            return ask and ask(run, entries)

        return ask and asked

    def completed(run: Run, entries: Sequence[Entry], values: Sequence[Any]) -> None:
        complete(run, entries, values)
        seconds = clock() - run.began.pop(stage.number)
        tracer(Span(operation, str(stage.place), stage.place.coordinate, len(entries), seconds))

    stage.ask, stage.ask_all, stage.complete = asking(ask), asking(ask_all), completed


def _line(span: Span) -> None:
    _log.debug(
        "stage",
        operation=span.operation,
        field=span.coordinate,
        place=span.place,
        parents=span.parents,
        ms=round(span.seconds * 1000, 3),
    )
