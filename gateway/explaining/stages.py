"""The stages in which an operation that comes again is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.engine import Prepared


@dataclass(frozen=True, slots=True)
class Stage:
    """One field with a resolver, at one place: asked when stage `after` has made its parents, None for the first ones.

    A `batch` field is one call for all its parents; any other is a call for each.
    """

    number: int
    path: tuple[str, ...]
    coordinate: str
    batch: bool
    after: int | None

    def as_json(self) -> dict[str, Any]:
        """For machines. What it asks of whom stands with the step of the same field."""
        return {
            "number": self.number,
            "field": ".".join(self.path),
            "coordinate": self.coordinate,
            "batch": self.batch,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Run:
    """How an operation is run: its stages, counted from 1, and the Python that is generated for it.

    What is not compiled has none: graphql-core executes it.
    """

    stages: tuple[Stage, ...] = ()
    source: str | None = None


NOT_COMPILED = Run()


def run_of(prepared: Prepared, operation_name: str | None, variables: Mapping[str, object]) -> Run:
    """How a valid operation is run with these variables; conditions that they leave open are taken to be true."""
    plan = None if prepared.plans is None else prepared.plans.plan(operation_name, variables)
    if plan is None:
        return NOT_COMPILED
    after = {child.number: stage.number + 1 for stage in plan.stages for child in stage.children}
    stages = tuple(
        Stage(
            stage.number + 1,
            tuple(key for key in stage.place.path if key is not None),
            stage.place.coordinate,
            stage.ask is None,
            after.get(stage.number),
        )
        for stage in plan.stages
    )
    return Run(stages, plan.text)
