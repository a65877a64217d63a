"""The shortest document that selects one field of a schema, with made-up arguments where it must have some."""

from __future__ import annotations

from collections import deque
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
    is_required_input_field,
)

_LITERALS = {"Int": "1", "Float": "1", "Boolean": "true", "Decimal": '"1"', "CurrencyCode": '"EUR"'}


def shortest(schema: GraphQLSchema, coordinate: str) -> str:
    """A valid document in which "Type.field" is selected. Raises LookupError when nothing leads there."""
    for operation, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        if root is not None and (inside := _way(schema, root, coordinate)) is not None:
            return f"{operation} {{ {inside} }}"
    raise LookupError(coordinate)


def _way(schema: GraphQLSchema, root: GraphQLObjectType, coordinate: str) -> str | None:
    wanted, field_name = coordinate.split(".")
    waiting: deque[tuple[GraphQLObjectType, tuple[str, ...]]] = deque([(root, ())])
    seen = {root.name}
    while waiting:
        type_, opened = waiting.popleft()
        if type_.name == wanted:
            field = type_.fields[field_name]
            leaf = not (is_object_type(get_named_type(field.type)) or is_abstract_type(get_named_type(field.type)))
            last = _call(field_name, field) + ("" if leaf else " { __typename }")
            return " { ".join([*opened, last]) + " }" * len(opened)
        for name, field in type_.fields.items():
            if name == "_entities":
                continue  # what a router refers to can be come by otherwise
            below: Any = get_named_type(field.type)
            abstract = is_abstract_type(below)
            for next_ in schema.get_possible_types(below) if abstract else [below] if is_object_type(below) else []:
                if next_.name not in seen:
                    seen.add(next_.name)
                    further = (f"... on {next_.name}",) if abstract else ()
                    waiting.append((next_, (*opened, _call(name, field), *further)))
    return None


def _call(name: str, field: GraphQLField) -> str:
    given = [f"{one}: {_literal(said.type)}" for one, said in field.args.items() if is_required_argument(said)]
    return f"{name}({', '.join(given)})" if given else name


def _literal(type_: Any) -> str:
    if is_non_null_type(type_):
        return _literal(type_.of_type)
    if is_list_type(type_):
        return f"[{_literal(type_.of_type)}]"
    if is_input_object_type(type_):
        fields = type_.fields.items()
        inside = [f"{name}: {_literal(said.type)}" for name, said in fields if is_required_input_field(said)]
        return f"{{ {', '.join(inside)} }}"
    if is_enum_type(type_):
        return str(next(iter(type_.values)))
    return _LITERALS.get(type_.name, '"SKU-00001"')
