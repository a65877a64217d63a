"""One document, answered by graphql-core and by a plan: what clients see of both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import DocumentNode, ExecutionResult, GraphQLError, execute, parse
from strawberry.execution import optimized_is_awaitable

from gateway.engine.compiled import Ground, Plans
from gateway.engine.faults import BAD_USER_INPUT, request_fault, resolver_fault

CORE_LEAKS = r"ignore:coroutine '(Executor|GraphQLCoreConverter)\..*' was never awaited:RuntimeWarning"
"""graphql-core cancels siblings of a failure before they have begun."""

UNPROPAGATED = "@experimental_disableErrorPropagation"


class NotCompiledError(Exception):
    """graphql-core's to execute, for instance because the plan would be too large."""


@dataclass(frozen=True)
class Seen:
    """An answer as clients see it. Two are equal when their data, with its order, and their errors in any order are."""

    data: Any
    errors: tuple[str, ...]
    places: frozenset[tuple[str | int, ...]]
    spread: bool
    """Whether an error turned more to null than its own place: what is read inside of that depends on who is first."""

    @property
    def text(self) -> str:
        return repr(self.data)


class Both:
    """A schema with both ways to run its operations."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.schema = schema
        self.graphql = schema._schema
        self.ground = Ground.of(schema, self.graphql, hide_suggestions=True, coercion_errors_max=20)

    async def interpreted(
        self,
        document: DocumentNode,
        variables: Mapping[str, Any],
        context: Any,
        root: Any = None,
        name: str | None = None,
    ) -> ExecutionResult:
        result: Any = execute(
            self.graphql,
            document,
            root,
            variable_values=dict(variables),
            operation_name=name,
            context_value=context,
            max_coercion_errors=20,
            executor_class=self.schema.execution_context_class,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # as the engine does
            hide_suggestions=True,
            operation_extensions=None,
        )
        answer: ExecutionResult = result if isinstance(result, ExecutionResult) else await result
        await slowly(5)  # graphql-core leaves the siblings of a failure running; they shall not outlive the test
        return answer

    async def compiled(
        self,
        document: DocumentNode,
        variables: Mapping[str, Any],
        context: Any,
        root: Any = None,
        name: str | None = None,
    ) -> ExecutionResult:
        plans = Plans(self.ground, document, lambda: None)
        result = await plans.run(name, variables, context, root, comes_again=True)
        if result is None:
            raise NotCompiledError
        return result


def seen(result: ExecutionResult) -> Seen:
    """The answer as clients see it, faults translated."""
    errors = result.errors or []
    places = [nulled(result.data, one) for one in errors]
    spread = any(place != tuple(one.path or ()) for place, one in zip(places, errors, strict=True))
    return Seen(result.data, tuple(sorted(map(told, errors))), frozenset(places), spread)


def told(error: GraphQLError) -> str:
    """An error as its fault."""
    return repr(request_fault(error, BAD_USER_INPUT) if error.path is None else resolver_fault(error))


def nulled(data: Any, error: GraphQLError) -> tuple[str | int, ...]:
    """The position that an error turned to null."""
    path: Sequence[str | int] = error.path or ()
    for length, key in enumerate(path):
        if data is None:
            return tuple(path[:length])
        data = data[key]
    assert data is None
    return tuple(path)


async def unpropagated(both: Both, text: str, variables: Mapping[str, Any], context: Any) -> frozenset[str]:
    """Every error that graphql-core finds when none of them stops another: `text` has a blank for the directive."""
    document = parse(text.replace(" " * len(UNPROPAGATED), UNPROPAGATED, 1))
    result = await both.interpreted(document, variables, context)
    return frozenset(map(told, result.errors or []))


async def slowly(ticks: int) -> None:
    """Let others run first."""
    for _ in range(ticks):
        await asyncio.sleep(0)
