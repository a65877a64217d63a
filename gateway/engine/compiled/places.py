"""Positions of the response: what generated code says of itself when something goes wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path

from resolvers.batching import Position

Keys = tuple[str | int, ...]
Scope = Mapping[str, Any]
"""The local variables of a generated function."""

WHOLE = -1
"""Of a position whose failure is the whole answer's."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A field, or the items of a list field.

    `path` has None for each list index. The first indices are in the local variable `x` of the generated function; each
    of the others is how long the list is that a variable of `slots` names, because an item is appended when it is done.
    `types` names the parent type of each key of the path. A failure turns the first `keep` keys of the path to null.
    """

    path: tuple[str | None, ...]
    types: tuple[str | None, ...]
    slots: tuple[str, ...]
    group: list[FieldDetails]
    nodes: list[FieldNode]
    parent_type: GraphQLObjectType
    field: GraphQLField
    type: GraphQLOutputType
    keep: int

    @classmethod
    def root(cls, type_: GraphQLObjectType, field: GraphQLField) -> Place:
        """The whole answer. `field` is any: the root is nobody's."""
        return cls((), (), (), [], [], type_, field, GraphQLNonNull(type_), WHOLE)

    def child(self, key: str, group: list[FieldDetails], parent_type: GraphQLObjectType, field: GraphQLField) -> Place:
        """The field `key` of an object at this place."""
        path = (*self.path, key)
        return replace(
            self,
            path=path,
            types=(*self.types, parent_type.name),
            group=group,
            nodes=[details.node for details in group],
            parent_type=parent_type,
            field=field,
            type=field.type,
            keep=self.keep if is_non_null_type(field.type) else len(path),
        )

    def item(self, list_type: GraphQLList[Any], slot: str) -> Place:
        """The items of a list at this place, which are collected in the variable `slot`."""
        path, type_ = (*self.path, None), list_type.of_type
        keep = self.keep if is_non_null_type(type_) else len(path)
        return replace(self, path=path, types=(*self.types, None), slots=(*self.slots, slot), type=type_, keep=keep)

    def rebased(self) -> Place:
        """The same place in a function of its own, where all indices are in `x`."""
        return replace(self, slots=())

    @property
    def name(self) -> str:
        """The field's name in the schema."""
        return self.nodes[0].name.value if self.nodes else ""

    @property
    def coordinate(self) -> str:
        return f"{self.parent_type}.{self.name}"

    @property
    def depth(self) -> int:
        """How many indices are in `x`."""
        return sum(key is None for key in self.path) - len(self.slots)

    @property
    def index(self) -> str:
        """Generated code for all indices."""
        lengths = [f"len({slot})" for slot in self.slots]
        return f"({', '.join(['*x'] * bool(self.depth) + lengths)},)" if lengths else "x"

    @property
    def position(self) -> Position:
        """What the resolvers' side wants to know of it each time."""
        keys = [key for key in self.path if key is not None]
        return Position.of(".".join(keys), self.field.type, self.nodes)

    def at(self, scope: Scope) -> Keys:
        """Where in the response this is just now."""
        indices = iter((*scope["x"], *(len(scope[slot]) for slot in self.slots)))
        return tuple(next(indices) if key is None else key for key in self.path)

    def field_path(self, scope: Scope) -> Path:
        """As `at`, of the field itself rather than of one of its items, in the form that resolvers are given."""
        depth = len(self.path)
        while self.path[depth - 1] is None:
            depth -= 1
        path: Path | None = None
        for key, type_name in zip(self.at(scope)[:depth], self.types, strict=False):
            path = Path(path, key, type_name)
        if path is None:
            raise RuntimeError("the root of an answer is no field")
        return path

    def plain(self, value: Any) -> Any:
        """`value`, unless it is a failure or a null that may not be; both are raised. Undefined is null."""
        if value is None or value is Undefined:
            if is_non_null_type(self.type):
                raise TypeError(f"Cannot return null for non-nullable field {self.coordinate}.")
            return None
        if isinstance(value, Exception):
            raise value
        return value

    def __str__(self) -> str:
        keys = "".join("[]" if key is None else f".{key}" for key in self.path)
        return keys.removeprefix(".") or "the answer"
