"""Contracts: what an audience was last said to see, kept as text, and how that differs from what it would see now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_ast_schema,
    is_introspection_type,
    is_specified_scalar_type,
    parse,
    print_ast,
)

from gateway.audiences.audience import Audience, UnusableAudiences
from resolvers.marks import PiiKind

SUFFIX: Final = ".graphql"
_NEEDS: Final = frozenset({"authenticated", "requiresScopes"})
_MAY = re.compile(r"(?m)^# may: (.+)$")


@dataclass(frozen=True, slots=True)
class Change:
    """What a change lets callers see or do that they could not, and the other way round, sorted."""

    opened: tuple[str, ...]
    closed: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {"opened": list(self.opened), "closed": list(self.closed)}


def contract_of(audience: Audience, sdl: str) -> str:
    """The contract of an audience that sees the schema `sdl`: its text, below a line for each thing its callers may."""
    lines = [
        f"# The contract of {audience.name}: all that its callers see, as `retailgraph audiences accept` wrote it.",
        *(f"# may: {one}" for one in sorted(_permissions(audience))),
    ]
    return "\n".join([*lines, "", sdl])


def _permissions(audience: Audience) -> Iterator[str]:
    if not audience.trusted_only:
        yield "send documents of its own"
    if audience.introspection:
        yield "read its schema"
    yield from (f"always do {scope}" for scope in audience.scopes)
    yield from (f"do {scope} if the credential says so" for scope in audience.scopes_on_request)
    yield from (f"see {kind.value} unmasked" for kind in PiiKind if kind not in audience.masks)


def coordinates(contract: str) -> frozenset[str]:
    """Everything that a contract opens: its schema's coordinates ("Order.total", "Query.order(id:)"), the members of
    unions ("Found = Order"), and what its first lines say that callers may. Raises UnusableAudiences."""
    return _permitted(contract) | {place for type_ in _types(contract) for place in _places(type_)}


def _permitted(contract: str) -> frozenset[str]:
    return frozenset(f"may {one}" for one in _MAY.findall(contract))


def _types(contract: str) -> tuple[GraphQLNamedType, ...]:
    try:
        schema = build_ast_schema(parse(contract), assume_valid_sdl=True)
    except (GraphQLError, TypeError) as bad:
        raise UnusableAudiences([f"a contract is no schema: {bad}"]) from bad
    return tuple(
        type_
        for type_ in schema.type_map.values()
        if not is_introspection_type(type_) and not is_specified_scalar_type(type_)
    )


def _places(type_: GraphQLNamedType) -> Iterator[str]:
    yield type_.name
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in type_.fields.items():
            yield f"{type_.name}.{name}"
            yield from (f"{type_.name}.{name}({argument}:)" for argument in field.args)
    elif isinstance(type_, GraphQLInputObjectType):
        yield from (f"{type_.name}.{name}" for name in type_.fields)
    elif isinstance(type_, GraphQLEnumType):
        yield from (f"{type_.name}.{name}" for name in type_.values)
    elif isinstance(type_, GraphQLUnionType):
        yield from (f"{type_.name} = {member.name}" for member in type_.types)


def change(before: str, after: str) -> Change:
    """How two contracts differ: in what is seen, and in what that asks of callers. Raises UnusableAudiences."""
    old, new = coordinates(before), coordinates(after)
    asked, asks = _asked(before), _asked(after)
    freed = {f"{place} without {need}" for place, need in asked - asks if place in new}
    bound = {f"{place} without {need}" for place, need in asks - asked if place in old}
    return Change(tuple(sorted((new - old) | freed)), tuple(sorted((old - new) | bound)))


def _asked(contract: str) -> frozenset[tuple[str, str]]:
    """What each field asks of its callers, by its coordinate: "@authenticated", or the scopes as they are written."""
    return frozenset(
        (f"{type_.name}.{name}", print_ast(mark))
        for type_ in _types(contract)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        for name, field in type_.fields.items()
        for mark in (field.ast_node.directives if field.ast_node is not None else ()) or ()
        if mark.name.value in _NEEDS
    )
