"""The schema as one audience sees it: what it may not see is not there.

Fields are told apart by their tags. What no field of the view leads to goes with them, and so on until nothing is left
over: a field whose type is gone, a union without members, an interface that nothing implements.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, TypeVar

from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    assert_valid_schema,
    get_named_type,
    is_interface_type,
    is_object_type,
    is_union_type,
)

from gateway.trouble import CannotStart
from resolvers.marks import PiiKind, pii_of, tags_of
from resolvers.masking import masked_field

T = TypeVar("T", bound=GraphQLNamedType)

FINDING_AGAIN: Final = "_Entity"
"""The union of all that a router may refer to. Like an interface it is no way in: who finds again has found before."""

_STRAWBERRY: Final = "strawberry-definition"
_Fields = dict[str, set[str]]


class NothingToSee(CannotStart):
    """An audience's tags show no query, and a schema without one is none."""


def view_of(whole: GraphQLSchema, tags: Collection[str], masks: Collection[PiiKind] = frozenset()) -> GraphQLSchema:
    """The part of `whole` that bears `tags`, with personal data of the kinds `masks` masked. `whole` stays as it is.

    A root field is seen by whoever sees one of its tags, another field also if it has none. An object type stays when
    fields or unions of the view lead to it; that it implements an interface is not enough, so `node` finds only what
    can be come by otherwise. An interface keeps the fields that all its types have kept. Raises NothingToSee.
    """
    seen = _Seen(whole, frozenset(tags))
    seen.settle()
    if whole.query_type is None or not seen.fields.get(whole.query_type.name):
        raise NothingToSee(f"With the tags {', '.join(sorted(tags)) or '(none)'} there is nothing to ask.")
    view = _Copy(whole, seen.fields, frozenset(masks)).schema()
    assert_valid_schema(view)
    return view


def _roots(schema: GraphQLSchema) -> tuple[GraphQLObjectType, ...]:
    return tuple(one for one in (schema.query_type, schema.mutation_type, schema.subscription_type) if one)


class _Seen:
    """Which fields stay, by type. Types without any are gone."""

    def __init__(self, whole: GraphQLSchema, tags: frozenset[str]) -> None:
        self._whole = whole
        roots = {root.name for root in _roots(whole)}
        self.fields: _Fields = {
            type_.name: {name for name, field in type_.fields.items() if _shown(field, tags, type_.name in roots)}
            for type_ in whole.type_map.values()
            if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not type_.name.startswith("__")
        }

    def settle(self) -> None:
        """Take away what leads nowhere and what nothing leads to, until nothing changes any more."""
        while True:
            reached = self._reached()
            left = {name: self._leading(name, reached) for name in reached if name in self.fields}
            left = {name: names for name, names in left.items() if names}
            if left == self.fields:
                return
            self.fields = left

    def _leading(self, name: str, reached: set[str]) -> set[str]:
        """The fields of a type whose own types are still there, and that no type of an interface has lost."""
        type_: Any = self._whole.type_map[name]
        kept = {field for field in self.fields[name] if self._stays(get_named_type(type_.fields[field].type), reached)}
        if is_interface_type(type_):
            for one in self._implementing(type_, reached):
                kept &= self.fields[one]
        return kept

    def _stays(self, type_: GraphQLNamedType, reached: set[str]) -> bool:
        if is_union_type(type_):
            return any(self._stays(member, reached) for member in type_.types)
        if is_interface_type(type_):
            return type_.name in reached and any(True for _ in self._implementing(type_, reached))
        return not is_object_type(type_) or (type_.name in reached and bool(self.fields.get(type_.name)))

    def _implementing(self, type_: GraphQLInterfaceType, reached: set[str]) -> Iterator[str]:
        implementations = self._whole.get_implementations(type_)
        every: tuple[GraphQLNamedType, ...] = (*implementations.objects, *implementations.interfaces)
        return (one.name for one in every if one.name in reached and one.name in self.fields)

    def _reached(self) -> set[str]:
        """The object and interface types that the fields of the view lead to."""
        waiting: list[GraphQLNamedType] = list(_roots(self._whole))
        reached: set[str] = set()
        while waiting:
            type_ = waiting.pop()
            if is_union_type(type_):
                waiting.extend(() if type_.name == FINDING_AGAIN else type_.types)
            elif isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and type_.name not in reached:
                fields = self.fields.get(type_.name, set())
                if fields:
                    reached.add(type_.name)
                    waiting.extend(get_named_type(type_.fields[name].type) for name in fields)
                    waiting.extend(type_.interfaces)
        return reached


def _shown(field: GraphQLField, tags: frozenset[str], of_root: bool) -> bool:
    own = tags_of(field)
    return bool(own & tags) if own or of_root else True


class _Copy:
    """The types of a view. Scalars, enums and inputs are those of the whole schema: no part of them is left out."""

    def __init__(self, whole: GraphQLSchema, fields: _Fields, masks: frozenset[PiiKind]) -> None:
        self._whole = whole
        self._fields = fields
        self._masks = masks
        self._types: dict[str, GraphQLNamedType] = {}

    def schema(self) -> GraphQLSchema:
        whole = self._whole
        query, mutation, subscription = (
            None if root is None or root.name not in self._fields else self._named(root)
            for root in (whole.query_type, whole.mutation_type, whole.subscription_type)
        )
        own = {name: value for name, value in whole.extensions.items() if name == _STRAWBERRY}
        view = GraphQLSchema(
            query, mutation, subscription, directives=whole.directives, description=whole.description, extensions=own
        )
        # Where `info.schema` of a Strawberry resolver looks for its settings.
        view._strawberry_schema = own.get(_STRAWBERRY)  # type: ignore[attr-defined]  # noqa: SLF001 - as Strawberry does
        return view

    def _named(self, type_: T) -> T:
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            return type_
        if type_.name not in self._types:
            self._types[type_.name] = self._copied(type_)
        return self._types[type_.name]  # type: ignore[return-value]  # of the same class, as _copied makes it

    def _copied(
        self, type_: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
    ) -> GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType:
        changed: dict[str, Any] = dict(type_.to_kwargs())
        if isinstance(type_, GraphQLUnionType):
            changed["types"] = [self._named(one) for one in type_.types if one.name in self._fields]
            changed["resolve_type"] = None if type_.resolve_type is None else _as_whole(type_, type_.resolve_type)
            return GraphQLUnionType(**changed)
        changed["interfaces"] = [self._named(one) for one in type_.interfaces if one.name in self._fields]
        changed["fields"] = lambda: self._fields_of(type_)
        return (
            GraphQLInterfaceType(**changed) if isinstance(type_, GraphQLInterfaceType) else GraphQLObjectType(**changed)
        )

    def _fields_of(self, type_: GraphQLObjectType | GraphQLInterfaceType) -> dict[str, GraphQLField]:
        kept = self._fields[type_.name]
        return {name: self._field(field) for name, field in type_.fields.items() if name in kept}

    def _field(self, field: GraphQLField) -> GraphQLField:
        changed: dict[str, Any] = {**field.to_kwargs(), "type_": self._wrapped(field.type)}
        copied = GraphQLField(**changed)
        kind = pii_of(field)
        return masked_field(copied, kind) if kind is not None and kind in self._masks else copied

    def _wrapped(self, type_: Any) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return GraphQLNonNull(self._wrapped(type_.of_type))
        if isinstance(type_, GraphQLList):
            return GraphQLList(self._wrapped(type_.of_type))
        return self._named(type_)


def _as_whole(whole: GraphQLUnionType, resolve_type: Callable[..., Any]) -> Callable[..., Any]:
    """Strawberry compares the type it finds with the union's own, which are not the copies: show it the whole union."""

    def resolve(value: object, info: GraphQLResolveInfo[Any], _: GraphQLAbstractType) -> Any:
        return resolve_type(value, info, whole)

    return resolve
