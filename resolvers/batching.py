"""Batch fields: a relation is written as one call for all parents of a level."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import strawberry
from strawberry.extensions import FieldExtension

Load = Callable[..., Awaitable[Sequence[Any]]]
"""`await load(parents, info, **arguments)`: a value, or an exception, for each parent, in order."""


@dataclass(frozen=True, slots=True)
class _Level:
    """The parents of one field node with the same arguments. `answer` is one value for each."""

    arguments: dict[str, Any]
    parents: list[object]
    answer: asyncio.Task[list[Any]]


class Gathering:
    """Brings the parents together that ask for the same field in the same tick. One per request."""

    def __init__(self, running: set[asyncio.Task[Any]]) -> None:
        self._open: dict[tuple[int, int], list[_Level]] = {}
        self._running = running

    async def one(self, load: Load, source: object, info: strawberry.Info[Any, Any], arguments: dict[str, Any]) -> Any:
        """The value for one parent, out of the call for all of them."""
        # The syntax node stands for the place in the document; its arguments can still differ under fragment
        # variables, so they are compared as well.
        key = (id(load), id(info._raw_info.field_nodes[0]))  # noqa: SLF001 - the node has no public name
        levels = self._open.setdefault(key, [])
        level = next((level for level in levels if level.arguments == arguments), None)
        if level is None:
            parents: list[object] = []
            # A new task takes its first step in the next tick, when everybody of this tick has joined.
            answer = asyncio.create_task(self._run(key, parents, load, info, arguments))
            self._running.add(answer)
            answer.add_done_callback(self._running.discard)
            level = _Level(arguments, parents, answer)
            levels.append(level)
        place = len(level.parents)
        level.parents.append(source)
        value = (await asyncio.shield(level.answer))[place]
        if isinstance(value, Exception):
            raise value
        return value

    async def _run(
        self,
        key: tuple[int, int],
        parents: list[object],
        load: Load,
        info: strawberry.Info[Any, Any],
        arguments: dict[str, Any],
    ) -> list[Any]:
        others = [level for level in self._open.pop(key) if level.parents is not parents]
        if others:
            self._open[key] = others
        values = list(await load(parents, info, **arguments))
        if len(values) != len(parents):
            raise RuntimeError(f"{len(parents)} parents got {len(values)} values from {load!r}")
        return values


class _HasGathering(Protocol):
    @property
    def gathering(self) -> Gathering: ...


class _HasLoaders(Protocol):
    @property
    def loaders(self) -> _HasGathering: ...


class Batched(FieldExtension):
    """Resolves a field for all parents at once.

    graphql-core asks for one parent at a time, so the parents of a tick are gathered first. An engine that has all
    parents in hand calls `load(parents, info, **arguments)` itself.
    """

    def __init__(self, load: Load) -> None:
        self.load = load

    async def resolve_async(  # type: ignore[override]  # the resolver it would call next has no body to call
        self, _next: object, source: object, info: strawberry.Info[_HasLoaders, None], **arguments: Any
    ) -> Any:
        return await info.context.loaders.gathering.one(self.load, source, info, arguments)


def batch_field(load: Load, *, graphql_type: object, description: str) -> Any:
    """A field whose values for all parents of a level come from one call of `load`.

    `load` takes the parents, then `info`, then the field's arguments, which are declared as in any Strawberry resolver.
    The class annotates the field as `object`: what clients see is `graphql_type`.
    """
    return strawberry.field(
        resolver=_asking(load),
        graphql_type=graphql_type,
        description=description,
        extensions=[Batched(load)],
    )


def _asking(load: Load) -> Callable[..., Any]:
    """A resolver that only tells Strawberry the field's arguments: those of `load` after the parents and info."""
    signature = inspect.signature(load)

    @functools.wraps(load)
    async def ask(**_arguments: Any) -> Any:
        raise AssertionError("a batch field is resolved by its extension")

    arguments = list(signature.parameters.values())[2:]
    ask.__signature__ = signature.replace(parameters=arguments)  # type: ignore[attr-defined]  # read by inspect
    return ask
