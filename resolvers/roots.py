"""Root fields: where an answer begins to ask the systems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension

from domains.vocabulary import freshest_within
from resolvers.batching import HasLoaders, place_of
from resolvers.directives import Degradation, Degrades, Served, demanded_s
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
        within_s = demanded_s(info)
        with freshest_within(within_s):
            value = await next_(source, info, **arguments)
        (shown,) = info.context.loaders.provenance.tell(place_of(info.path), [value], within_s=within_s, whole=False)
        if isinstance(shown, Exception):
            raise shown
        return shown


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
