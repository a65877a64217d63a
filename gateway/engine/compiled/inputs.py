"""What resolvers are given for the values of arguments, for the types about which Strawberry has nothing to decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from strawberry.relay import GlobalID
from strawberry.scalars import is_scalar
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.lazy_type import LazyType
from strawberry.types.unset import UNSET

Give = Callable[[Any], Any]
"""Makes a value as graphql-core has coerced it one as a resolver is given it."""

DEPTH_MAX = 8
"""Of input types within each other; those that hold themselves are deeper than any, and left to Strawberry."""


def giving(type_: Any, converter: GraphQLCoreConverter, depth: int = 0) -> Give | None:
    """How values of an argument's type are given, worked out once: 1 us for an input of two fields, and not 15.

    None where only Strawberry knows: ids of its relay, `Maybe`, inputs that make themselves.
    """
    if isinstance(type_, StrawberryMaybe) or type_ is GlobalID or depth > DEPTH_MAX:
        return None
    if isinstance(type_, LazyType):
        return giving(type_.resolve_type(), converter, depth + 1)
    if isinstance(type_, StrawberryOptional):
        return giving(type_.of_type, converter, depth + 1)
    if isinstance(type_, StrawberryList):
        item = giving(type_.of_type, converter, depth + 1)
        return item and _list_of(item)
    return _giving_named(type_, converter, depth)


def _giving_named(type_: Any, converter: GraphQLCoreConverter, depth: int) -> Give | None:
    is_enum = isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_)
    if is_enum or is_scalar(type_, converter.scalar_registry):
        return _as_it_is
    definition = getattr(type_, "__strawberry_definition__", None)
    if isinstance(definition, StrawberryObjectDefinition) and definition.is_input and definition.from_input is None:
        return _input_of(type_, definition, converter, depth + 1)
    return None


def _as_it_is(value: Any) -> Any:
    return value


def _list_of(item: Give) -> Give:
    def give(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        return list(value) if item is _as_it_is else [item(one) for one in value]

    return give


def _input_of(
    type_: Any, definition: StrawberryObjectDefinition, converter: GraphQLCoreConverter, depth: int
) -> Give | None:
    fields: list[tuple[str, str, Give]] = []
    absent: dict[str, None] = {}
    for field in definition.fields:
        item = giving(field.resolve_type(type_definition=definition), converter, depth)
        if item is None:
            return None
        fields.append((converter.config.name_converter.from_field(field), field.python_name, item))
        if field.default_value is MISSING and field.default_factory is MISSING:
            absent[field.python_name] = None

    def give(value: Any) -> Any:
        if value is None or value is UNSET:
            return value
        values: dict[str, Any] = absent.copy()
        for name, python_name, item in fields:
            if name in value:
                values[python_name] = item(value[name])
        return type_(**values)

    return give
