"""How the values of a field are had: read off its parent, asked of a resolver for each, or of one call for all."""

from __future__ import annotations

import keyword
import operator
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from graphql import GraphQLField, default_field_resolver
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from gateway.engine.compiled.arguments import asked_with, given_to
from gateway.engine.compiled.completing import AUTHORED
from gateway.engine.compiled.info import ResolveInfo
from gateway.engine.compiled.levels import Level
from gateway.engine.compiled.places import Place
from gateway.engine.compiled.running import Entry, Run
from resolvers.batching import Batched, Gathering
from resolvers.reading import read
from resolvers.roots import Rooted

Ask = Callable[[Run, Sequence[Entry]], list[Any]]
"""The values of a field in all its parents; any of them may be an exception or an awaitable."""

AskAll = Callable[[Run, Sequence[Entry]], Awaitable[Sequence[Any]]]
"""Likewise, by one call, which may raise what is then the answer of all; so may what it returns."""

_OF_STRAWBERRY = "GraphQLCoreConverter.from_resolver.<locals>."


def authored(field: GraphQLField, *names: str) -> StrawberryField | None:
    """What `field` was written as, if Strawberry made its resolver and calls it one of `names`.

    A view of the schema may have put another function before it; then that one is asked.
    """
    definition, code = field.extensions.get(AUTHORED), getattr(field.resolve, "__code__", None)
    if (
        isinstance(definition, StrawberryField)
        and type(definition).get_result is StrawberryField.get_result
        and code is not None
        and code.co_qualname in {_OF_STRAWBERRY + name for name in names}
    ):
        return definition
    return None


def reading(field: GraphQLField) -> str | None:
    """Generated code that reads a field off its parent, None if that takes a resolver. Inlined, a value takes 0.1 us;
    as a stage of its own, without waiting for anything, 1 us.

    `{o}` stands for the parent, `{s}` for the record in it if the parent is a Reading.
    """
    definition = authored(field, "_get_basic_result")
    if definition is None:
        return None
    name = definition.python_name
    if definition.default_resolver is operator.getitem:
        return f"{{o}}[{name!r}]"
    if name.isidentifier() and not keyword.iskeyword(name):
        if definition.default_resolver is read:
            return f"{{s}}.{name}"
        if definition.default_resolver is getattr:
            return f"{{o}}.{name}"
    return None


def calling(field: GraphQLField, converter: GraphQLCoreConverter) -> StrawberryResolver[Any] | None:
    """The function behind a field that can be called where the parent stands: plain, and without arguments. That is
    1.5 us less a call than as a stage of its own.

    Its annotation is believed when it says that no awaitable comes back. Strawberry's own are not: the id of its relay
    nodes is declared as an id, and may be a coroutine.
    """
    definition = authored(field, "_resolver")
    if definition is None or field.args or definition.extensions or _has_handlers(converter):
        return None
    resolver = definition.base_resolver
    if resolver is None or resolver.wrapped_func.__module__.startswith("strawberry."):
        return None
    says = str(resolver.signature.return_annotation)
    return None if "Awaitable" in says or "Coroutine" in says else resolver


def inlined(
    place: Place, o: str, s: str, constant: Callable[[str, Any], str], converter: GraphQLCoreConverter
) -> tuple[str | None, bool]:
    """An expression for the value of a field without a stage of its own, None for one that needs a stage; and whether
    it is always the same for the same record.

    `constant` gives a value a name in the generated text.
    """
    read = reading(place.field)
    if read is not None:
        return read.format(o=o, s=s), "{s}" in read
    resolver = calling(place.field, converter)
    if resolver is None:
        return None, True
    definition = place.field.extensions[AUTHORED]
    if resolver.info_parameter is None and not resolver.self_parameter:
        parents = [one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one]
        call = constant("call", resolver.wrapped_func)
        arguments = ", ".join(f"{name}={o}" for name in parents)
        return f"{call}({arguments})", getattr(resolver.wrapped_func, "by_record", False)
    call = constant("call", call_with(place.rebased(), definition, resolver, converter))
    return f"{call}(run, {o}, {place.index})", False


def asking(place: Place, converter: GraphQLCoreConverter) -> tuple[Ask | None, AskAll | None]:
    """How a field is asked for that has a stage: in any parents, and in all that there are or in the only one."""
    ask_all = batch(place, converter)
    return (None, ask_all) if ask_all else (one_by_one(place, converter), alone(place, converter))


def batch(place: Place, converter: GraphQLCoreConverter) -> AskAll | None:
    """One call for all parents, if the field is a batch field: 35 us less a parent than asking for each."""
    definition = authored(place.field, "_async_resolver")
    if definition is None or _has_handlers(converter) or [type(one) for one in definition.extensions] != [Batched]:
        return None
    (extension,) = definition.extensions
    load = extension.load  # type: ignore[attr-defined]  # a Batched, as the line above has found
    arguments, position = asked_with(place, definition, converter), place.position

    def ask_all(run: Run, entries: Sequence[Entry]) -> Awaitable[Sequence[Any]]:
        parents: Sequence[Any]
        if type(entries) is Level:
            index, parents = entries.first_index, entries.row
        else:
            index, parents = entries[0][2], [parent for parent, _, _ in entries]
        info = _info(run, place, index, definition, converter)
        gathering: Gathering = run.context.loaders.gathering
        return gathering.level(load, parents, info, arguments(run), position)

    return ask_all


def one_by_one(place: Place, converter: GraphQLCoreConverter) -> Ask:
    """One call for each parent, with all that Strawberry or a view has put before the resolver."""
    definition = authored(place.field, "_resolver", "_async_resolver")
    if definition is not None and definition.base_resolver and not _has_handlers(converter):
        if not definition.extensions:
            return _each(_direct(place, definition, definition.base_resolver, converter))
        if _is_rooted(definition):
            rooted = _rooted(place, definition, definition.base_resolver, converter)

            async def ask_one(run: Run, parent: Any, index: tuple[int, ...]) -> Any:
                # Begun in here: who is cancelled before this has begun leaves nothing behind that nobody awaited.
                (value,) = await rooted(run, ((parent, {}, index),))
                return value

            return _each(ask_one)
    resolve, arguments = place.field.resolve or default_field_resolver, given_to(place)

    def call(run: Run, parent: Any, index: tuple[int, ...]) -> Any:
        info: Any = ResolveInfo(run, place, {"x": index})
        return resolve(parent, info, **arguments(run))

    return _each(call)


def alone(place: Place, converter: GraphQLCoreConverter) -> AskAll | None:
    """The one call for one parent, if the field is one of those that begin to ask the systems, as most have one."""
    definition = authored(place.field, "_async_resolver")
    if definition is None or not definition.base_resolver or _has_handlers(converter) or not _is_rooted(definition):
        return None
    return _rooted(place, definition, definition.base_resolver, converter)


def _is_rooted(definition: StrawberryField) -> bool:
    return [type(one) for one in definition.extensions] == [Rooted]


def _each(call: Callable[[Run, Any, tuple[int, ...]], Any]) -> Ask:
    def ask(run: Run, entries: Sequence[Entry]) -> list[Any]:
        values: list[Any] = []
        for parent, _, index in entries:
            try:
                values.append(call(run, parent, index))
            except Exception as error:  # noqa: BLE001 - whatever a resolver raises is the answer of its field
                values.append(error)
        return values

    return ask


def _direct(
    place: Place, definition: StrawberryField, resolver: StrawberryResolver[Any], converter: GraphQLCoreConverter
) -> Callable[[Run, Any, tuple[int, ...]], Any]:
    """Past Strawberry's own layers, which do nothing for a field without extensions: 4 us less a call."""
    call_with_info, arguments = _call_with_info(resolver), asked_with(place, definition, converter)

    def call(run: Run, parent: Any, index: tuple[int, ...]) -> Any:
        given = arguments(run)
        return call_with_info(parent, _info(run, place, index, definition, converter), **given)

    return call


def _rooted(
    place: Place, definition: StrawberryField, resolver: StrawberryResolver[Any], converter: GraphQLCoreConverter
) -> AskAll:
    """Likewise for a field whose one extension is known, in one parent: 17 us less a call."""
    call_with_info, position = _call_with_info(resolver), place.position
    arguments = asked_with(place, definition, converter)

    def ask_all(run: Run, entries: Sequence[Entry]) -> Awaitable[Sequence[Any]]:
        ((parent, _, index),) = entries
        given = arguments(run)
        return Rooted.answered(call_with_info, parent, _info(run, place, index, definition, converter), given, position)

    return ask_all


def call_with(
    place: Place, definition: StrawberryField, resolver: StrawberryResolver[Any], converter: GraphQLCoreConverter
) -> Callable[[Run, Any, tuple[int, ...]], Any]:
    """The resolver of a field without arguments, with the parent and the info that it asks for."""
    call_with_info = _call_with_info(resolver)
    asked = [one and one.name for one in (resolver.parent_parameter, resolver.info_parameter)]
    if not resolver.self_parameter and list(resolver.signature.parameters) == asked:
        call_with_info = resolver.wrapped_func  # type: ignore[assignment]  # by position, and without another call

    def call(run: Run, parent: Any, index: tuple[int, ...]) -> Any:
        return call_with_info(parent, _info(run, place, index, definition, converter))

    return call


def _call_with_info(resolver: StrawberryResolver[Any]) -> Callable[..., Any]:
    """`call(parent, info, **arguments)`, each of the first two given in the way that the resolver asks for it."""
    function: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]  # it is called, whatever it is
    takes_self = resolver.self_parameter is not None
    of_parent = [one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one]
    of_info = resolver.info_parameter and resolver.info_parameter.name

    def call(parent: Any, info: Any, **arguments: Any) -> Any:
        for name in of_parent:
            arguments[name] = parent
        if of_info:
            arguments[of_info] = info
        return function(parent, **arguments) if takes_self else function(**arguments)

    return call


def _info(
    run: Run, place: Place, index: tuple[int, ...], definition: StrawberryField, converter: GraphQLCoreConverter
) -> Any:
    raw: Any = ResolveInfo(run, place, {"x": index})
    return converter.config.info_class(_raw_info=raw, _field=definition)


def _has_handlers(converter: GraphQLCoreConverter) -> bool:
    """Whether Strawberry turns exceptions of resolvers into values: what it puts before them is then needed."""
    return bool(converter._exception_handler_specs)  # noqa: SLF001 - there is no other way to ask
