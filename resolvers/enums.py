"""Canonical enumerations as GraphQL enums, with a sentence for each value."""

import enum

import strawberry
from strawberry.types.enum import has_enum_definition


def described(words: enum.EnumMeta, description: str, name: str | None = None, **values: str) -> None:
    """Make `words` a GraphQL enum, called `name` or as in Python; `values` says what each of its values means.

    Raises TypeError when a sentence is missing, or is for a value that is not there.
    """
    strawberry.enum(words, name=name, description=description)
    if not has_enum_definition(words):
        raise TypeError(f"{words!r} did not become a GraphQL enum")
    definition = words.__strawberry_definition__
    if {value.name for value in definition.values} != set(values):
        raise TypeError(f"every value of {words.__name__} has one sentence")
    for value in definition.values:
        value.description = values[value.name]
