"""Values that are not of the class that generated code expects: nulls, failures, classes that are new to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    default_type_resolver,
    is_enum_type,
)
from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.pyutils import is_iterable
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.union import StrawberryUnion

from domains.vocabulary import Reading
from gateway.engine.compiled.info import ResolveInfo
from gateway.engine.compiled.places import Place, Scope
from gateway.engine.compiled.running import Run

AUTHORED = "strawberry-definition"
"""Under this name a GraphQL type or field knows what it was made of."""

Complete = Callable[[Run, Any, tuple[int, ...]], dict[str, Any] | None]
"""Makes one object of the answer, at the place with these list indices."""


def leaf(place: Place, type_: GraphQLLeafType, known: set[type]) -> Callable[[Any], Any]:
    """How a scalar or enum value is written. Classes of values that are written as they are join those `known`."""
    coerce = type_.coerce_output_value

    def complete(value: Any) -> Any:
        if value is None or value is Undefined or isinstance(value, Exception):
            return place.plain(value)
        written = coerce(value)
        # What is written as nothing is an error, whose words are graphql-core's.
        if written is None or written is Undefined:
            return Executor.complete_leaf_value(type_, value)
        known.add(type(value))
        return written

    return complete


def enum_names(type_: GraphQLLeafType) -> dict[int, str]:
    """The names of an enum's members, by the members' identity: 0.3 us less a value than graphql-core's own way."""
    members: Any = getattr(type_, "wrapped_cls", None) if is_enum_type(type_) else None
    return {} if members is None else {id(member): type_.coerce_output_value(member) for member in members}


def list_check(place: Place) -> Callable[[Any], Any]:
    """What stands for a list: any iterable that is no text, or None."""

    def check(value: Any) -> Any:
        value = place.plain(value)
        if value is not None and not is_iterable(value):
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{place.coordinate}'.")
        return value

    return check


def object_check(place: Place, type_: GraphQLObjectType, known: set[type]) -> Callable[[Any, Scope], bool]:
    """Whether there is an object. Its class joins those that are `known` when there is nothing more to ask: 1.2 us less
    for each object of a class that has been seen."""

    def check(value: Any, scope: Scope) -> bool:
        value = place.plain(value)
        if value is None:
            return False
        _check_type(type_, value, ResolveInfo(scope["run"], place, scope), place)
        if _by_class(type_) and _may_be_known(value):
            known.add(_class_of(value))
        return True

    return check


def dispatch(
    place: Place,
    type_: GraphQLAbstractType,
    schema: GraphQLSchema,
    handlers: Mapping[str, Complete],
    by_class: dict[type, Complete],
) -> Callable[[Any, Scope], Complete]:
    """Finds the function for an object of an interface or union; remembers it by the object's class if that decides."""
    decides = _resolved_by_class(type_, schema)

    def find(value: Any, scope: Scope) -> Complete:
        value = place.plain(value)
        if value is None:
            return _null
        run: Run = scope["run"]
        info: Any = ResolveInfo(run, place, scope)
        name = (type_.resolve_type or default_type_resolver)(value, info, type_)
        runtime = run.plan.asked.ground.executor.ensure_valid_runtime_type(name, type_, place.group, info, value)
        _check_type(runtime, value, info, place)
        handler = handlers[runtime.name]
        if decides and _may_be_known(value):
            by_class[_class_of(value)] = handler
        return handler

    return find


class Named(Mapping[str, Complete]):
    """Functions of the module by the types they are for; looked up late, because they are compiled together."""

    def __init__(self, names: Mapping[str, Any], functions: Mapping[str, str]) -> None:
        self._names = names
        self._functions = functions

    def __getitem__(self, type_name: str) -> Complete:
        return cast("Complete", self._names[self._functions[type_name]])

    def __iter__(self) -> Any:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)


def _null(_run: Run, _value: Any, _index: tuple[int, ...]) -> None:
    return None


def _check_type(type_: GraphQLObjectType, value: Any, info: Any, place: Place) -> None:
    if type_.is_type_of is None:
        return
    verdict = type_.is_type_of(value, info)
    if isawaitable(verdict):
        raise TypeError(f"{type_}.is_type_of is a coroutine behind a plain function")
    if not verdict:
        raise invalid_return_type_error(type_, value, place.group)


def _class_of(value: Any) -> type:
    return type(value.value) if type(value) is Reading else type(value)


def _may_be_known(value: Any) -> bool:
    """Whether the next object of this class will be taken as this one was.

    Strawberry lets an instance say that it is of another type (`strawberry.cast`), so it must not have room for that.
    """
    record = value.value if type(value) is Reading else value
    return not (record is None or isinstance(record, Exception) or hasattr(record, "__dict__"))


def _by_class(type_: GraphQLObjectType) -> bool:
    """Whether only the class of an object, or of what a Reading holds, is asked for."""
    return type_.is_type_of is None or getattr(type_.is_type_of, "by_class", False)


def _resolved_by_class(type_: GraphQLAbstractType, schema: GraphQLSchema) -> bool:
    """Whether the class alone tells which of its types an object is of, as Strawberry has it if nobody wrote more."""
    authored = type_.extensions.get(AUTHORED)
    strawberrys = (
        type(authored) is StrawberryUnion
        if isinstance(type_, GraphQLUnionType)
        else isinstance(authored, StrawberryObjectDefinition) and authored.resolve_type is None
    )
    return strawberrys and all(
        possible.is_type_of is not None and _by_class(possible) for possible in schema.get_possible_types(type_)
    )
