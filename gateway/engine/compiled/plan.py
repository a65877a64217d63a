"""A plan: the compiled form of one operation, for one outcome of its conditions."""

from __future__ import annotations

import weakref
from collections.abc import Coroutine
from itertools import count
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLField, GraphQLString, OperationType, VariableValues

from gateway.engine.compiled.asked import Asked, Selected
from gateway.engine.compiled.beside import Wait
from gateway.engine.compiled.completing import Complete
from gateway.engine.compiled.generating import Drafter
from gateway.engine.compiled.levels import by_levels
from gateway.engine.compiled.places import Place
from gateway.engine.compiled.running import Run
from gateway.engine.compiled.source import Source, forget
from gateway.engine.compiled.stages import begin, serially
from gateway.engine.compiled.tracing import trace

_numbers = count(1)


class Plan:
    """Runs its operation, again and again. Raises GraphQLError, TooLarge, RecursionError or SyntaxError when made."""

    def __init__(self, asked: Asked, conditions: VariableValues) -> None:
        self.asked = asked
        named = asked.operation.name.value if asked.operation.name else asked.operation.operation.value
        source = Source(f"<operation {named} {next(_numbers)}>")
        drafter = Drafter(source, Selected(asked, conditions))
        root = Place.root(asked.root_type, GraphQLField(GraphQLString))
        self.first = drafter.root(asked.root_type, drafter.selected.at_root(), root)
        self.stages = drafter.stages
        self.text = source.text
        self.places: list[Any] = source.places
        names = source.compiled()
        weakref.finalize(self, forget, source.filename)
        for stage in self.stages:
            stage.complete = names[stage.name]
            if stage.in_levels:
                by_levels(stage)
            if asked.ground.tracer is not None:
                trace(stage, named, asked.ground.tracer)
        self._root: Complete = names["root"]

    def start(
        self, root: object, context: object, variables: VariableValues
    ) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult]:
        """Execute once, without an event loop if no resolver needs one."""
        run = Run(self, root, context, variables)
        try:
            run.data = self._root(run, root, ())
        except GraphQLError as error:
            return ExecutionResult(None, [*run.errors, error])
        is_mutation = self.asked.operation.operation is OperationType.MUTATION
        wait = serially(run, self.first) if is_mutation else begin(run, self.first)
        return ExecutionResult(run.data, run.errors or None) if wait is None else _ended(run, wait)


async def _ended(run: Run, wait: Wait) -> ExecutionResult:
    await wait
    return ExecutionResult(run.data, run.errors or None)
