"""Root fields: where an answer begins to ask the systems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension

from domains.vocabulary import demanded_age_s
from resolvers.batching import HasLoaders, Position, as_fresh_as, place_of
from resolvers.directives import Degradation, Degrades, Served
from resolvers.marks import Mark


class Rooted(FieldExtension):
    """Resolves a root field as fresh as it was asked for, and tells where its value is from."""

    async def resolve_async(
        self,
        next_: Callable[..., Awaitable[Any]],
        source: object,
        info: strawberry.Info[HasLoaders, None],
        **arguments: Any,
    ) -> Any:
        raw = info._raw_info  # noqa: SLF001 - the syntax nodes and the GraphQL type have no public name
        position = Position.of(place_of(raw.path), raw.return_type, raw.field_nodes)
        (value,) = await self.answered(next_, source, info, arguments, position)
        return value

    @staticmethod
    async def answered(
        ask: Callable[..., Awaitable[Any]],
        source: object,
        info: strawberry.Info[HasLoaders, None],
        arguments: dict[str, Any],
        position: Position,
    ) -> tuple[Any]:
        """The same, alone, where it is known already what is the same each time."""
        within_s = position.within_s(info)
        if demanded_age_s() == within_s:  # as nearly always, and without a coroutine in between
            value = await ask(source, info, **arguments)
        else:
            value = await as_fresh_as(within_s, ask, source, info, **arguments)
        shown = info.context.loaders.provenance.one(position.path, value, within_s=within_s)
        if isinstance(shown, Exception):
            raise shown
        return (shown,)


def root_field(
    resolver: Callable[..., Awaitable[Any]],
    *,
    graphql_type: object,
    description: str,
    degrades: Degradation,
    served: Served,
    marks: Sequence[Mark],
    name: str | None = None,
) -> Any:
    """A query's field that asks a system, from how far away its answer may come, and what it is when that
    system fails. By its `marks` audiences are told apart: without a tag nobody sees it.

    The class annotates the field as `object`: what clients see is `graphql_type`.
    """
    return strawberry.field(
        resolver=resolver,
        name=name,
        graphql_type=graphql_type,
        description=description,
        directives=[*served, Degrades(to=degrades), *marks],
        extensions=[Rooted()],
    )
