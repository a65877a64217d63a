"""Batch fields: a relation is written as one call for all parents of a level."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

import strawberry
from graphql import FieldNode, GraphQLOutputType, is_non_null_type
from graphql.pyutils import Path
from strawberry.extensions import FieldExtension

from domains.vocabulary import demanded_age_s, freshest_within
from resolvers.directives import Degradation, Degrades, Served, demanded_s, demands, stalest_s
from resolvers.marks import Mark
from resolvers.provenance import Provenance

T = TypeVar("T")

Load = Callable[..., Awaitable[Sequence[Any]]]
"""`await load(parents, info, **arguments)`: a value, or an exception, for each parent, in order."""


@dataclass(frozen=True, slots=True)
class _Level:
    """The parents of one field node with the same arguments. `answer` is one value for each."""

    arguments: dict[str, Any]
    parents: list[object]
    answer: asyncio.Task[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Position:
    """What is the same of a field at its place in an operation each time that is asked: an engine that keeps operations
    works it out once, which takes 4 us, and 8 for a field of a list's items.

    `path` is where it stands in the answer, without list indices; `demands` whether it has a @maxStale.
    """

    path: str
    may_fail: bool
    demands: bool

    @classmethod
    def of(cls, path: str, type_: GraphQLOutputType, nodes: Sequence[FieldNode]) -> Position:
        """Of a field of that type which is selected by these nodes."""
        return cls(path, not is_non_null_type(type_), demands(nodes))

    def within_s(self, info: strawberry.Info[Any, Any]) -> int | None:
        """How old an answer may be there. Raises InvalidInput."""
        return demanded_s(info) if self.demands else stalest_s.get()


class _Place(NamedTuple):
    """One field node at one place of the answer, with what @maxStale asks of it there.

    A fragment brings one node to several places; `node` is the identity of its syntax node.
    """

    load: int
    node: int
    path: str
    within_s: int | None
    may_fail: bool


class Gathering:
    """Brings the parents together that ask for the same field in the same tick. One per request."""

    def __init__(self, running: set[asyncio.Task[Any]], provenance: Provenance) -> None:
        self._open: dict[_Place, list[_Level]] = {}
        self._running = running
        self._provenance = provenance

    async def one(self, load: Load, source: object, info: strawberry.Info[Any, Any], arguments: dict[str, Any]) -> Any:
        """The value for one parent, out of the call for all of them."""
        place = _place(load, info)
        # The arguments of one node can still differ under fragment variables, so they are compared as well.
        levels = self._open.setdefault(place, [])
        level = next((level for level in levels if level.arguments == arguments), None)
        if level is None:
            parents: list[object] = []
            # A new task takes its first step in the next tick, when everybody of this tick has joined.
            answer = asyncio.create_task(self._run(place, parents, load, info, arguments))
            self._running.add(answer)
            answer.add_done_callback(self._running.discard)
            level = _Level(arguments, parents, answer)
            levels.append(level)
        position = len(level.parents)
        level.parents.append(source)
        value = (await asyncio.shield(level.answer))[position]
        if isinstance(value, Exception):
            raise value
        return value

    async def _run(
        self,
        place: _Place,
        parents: list[object],
        load: Load,
        info: strawberry.Info[Any, Any],
        arguments: dict[str, Any],
    ) -> Sequence[Any]:
        others = [level for level in self._open.pop(place) if level.parents is not parents]
        if others:
            self._open[place] = others
        return await self._answered(place, parents, load, info, arguments)

    async def level(
        self,
        load: Load,
        parents: Sequence[Any],
        info: strawberry.Info[Any, Any],
        arguments: dict[str, Any],
        position: Position,
    ) -> Sequence[Any]:
        """The values for all parents of a level at once, for an engine that has them in hand.

        One for each in order; an exception is the value of a parent that has none. `info` is that of any of them.
        """
        within_s = position.within_s(info)
        if demanded_age_s() == within_s:  # as nearly always, and without a coroutine in between
            values = await load(parents, info, **arguments)
        else:
            values = await as_fresh_as(within_s, load, parents, info, **arguments)
        return self._heard(load, parents, values, position.path, within_s, may_fail=position.may_fail)

    async def _answered(
        self,
        place: _Place,
        parents: list[object],
        load: Load,
        info: strawberry.Info[Any, Any],
        arguments: dict[str, Any],
    ) -> Sequence[Any]:
        values = await as_fresh_as(place.within_s, load, parents, info, **arguments)
        return self._heard(load, parents, values, place.path, place.within_s, may_fail=place.may_fail)

    def _heard(
        self,
        load: Load,
        parents: Sequence[object],
        values: Sequence[Any],
        path: str,
        within_s: int | None,
        *,
        may_fail: bool,
    ) -> Sequence[Any]:
        if len(values) != len(parents):
            raise RuntimeError(f"{len(parents)} parents got {len(values)} values from {load!r}")
        return self._provenance.tell(path, values, within_s=within_s, whole=may_fail)


async def as_fresh_as(within_s: int | None, ask: Callable[..., Awaitable[T]], *given: Any, **arguments: Any) -> T:
    """What `ask` answers when nothing older is wanted. Nearly always nothing is said of that, here or further out."""
    if demanded_age_s() == within_s:
        return await ask(*given, **arguments)
    with freshest_within(within_s):
        return await ask(*given, **arguments)


def _place(load: Load, info: strawberry.Info[Any, Any]) -> _Place:
    raw = info._raw_info  # noqa: SLF001 - the syntax nodes and the GraphQL type have no public name
    return _Place(
        id(load), id(raw.field_nodes[0]), place_of(raw.path), demanded_s(info), not is_non_null_type(raw.return_type)
    )


def place_of(path: Path | None) -> str:
    """A response path without its list indices: "products.availability"."""
    keys: list[str] = []
    while path is not None:
        if isinstance(path.key, str):
            keys.append(path.key)
        path = path.prev
    keys.reverse()
    return ".".join(keys)


class _Loaders(Protocol):
    @property
    def gathering(self) -> Gathering: ...

    @property
    def provenance(self) -> Provenance: ...


class HasLoaders(Protocol):
    """As much of the context as fields need to bring their reads together."""

    @property
    def loaders(self) -> _Loaders: ...


class Batched(FieldExtension):
    """Resolves a field for all parents at once.

    graphql-core asks for one parent at a time, so the parents of a tick are gathered first. An engine that has all
    parents in hand calls `load(parents, info, **arguments)` itself.
    """

    def __init__(self, load: Load) -> None:
        self.load = load

    async def resolve_async(  # type: ignore[override]  # the resolver it would call next has no body to call
        self, _next: object, source: object, info: strawberry.Info[HasLoaders, None], **arguments: Any
    ) -> Any:
        return await info.context.loaders.gathering.one(self.load, source, info, arguments)


def batch_field(
    load: Load,
    *,
    graphql_type: object,
    description: str,
    degrades: Degradation,
    served: Served,
    marks: Sequence[Mark] = (),
) -> Any:
    """A field whose values for all parents of a level come from one call of `load`, and what it answers without it.

    `load` takes the parents, then `info`, then the field's arguments, which are declared as in any Strawberry resolver.
    The class annotates the field as `object`: what clients see is `graphql_type`. Its `marks` say who sees it; without
    a tag it goes wherever its type goes.
    """
    return strawberry.field(
        resolver=_asking(load),
        graphql_type=graphql_type,
        description=description,
        directives=[*served, Degrades(to=degrades), *marks],
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
