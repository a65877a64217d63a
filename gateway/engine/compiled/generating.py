"""Writing the functions of a plan.

Fields that only read an attribute are inlined, with all that is selected below them, as nested loops of the function of
the nearest field around them that has a resolver. What is checked of a value is its class, in line; whatever is not as
expected goes to `completing`. A position that may be null is a `try`, which costs nothing until something raises: the
line that raised then tells the position (see `Run.located`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import GroupedFieldSet

from gateway.engine.compiled import resolving
from gateway.engine.compiled.asked import Selected
from gateway.engine.compiled.completing import AUTHORED, Complete, dispatch, enum_names, leaf, list_check, object_check
from gateway.engine.compiled.places import Place
from gateway.engine.compiled.source import Source
from gateway.engine.compiled.stages import Stage

INDENTS_MAX = 10
"""CPython refuses more than 20 nested loops and tries; below this depth an object is made by a function of its own."""

_ODD = {
    GraphQLString: "type({v}) is not str",
    GraphQLID: "type({v}) is not str",
    GraphQLInt: "type({v}) is not int or not -2147483648 <= {v} <= 2147483647",
    GraphQLFloat: "type({v}) is not float or {v} - {v} != 0.0",
    GraphQLBoolean: "{v} is not True and {v} is not False",
}
"""Tests that send a leaf value to the slow path: whether it is not what is written as it is."""


class Drafter:
    """What all functions of a plan share: its text, its stages, and the fields that are selected."""

    def __init__(self, source: Source, selected: Selected) -> None:
        self.source = source
        self.selected = selected
        self.stages: list[Stage] = []

    def root(self, type_: GraphQLObjectType, fields: GroupedFieldSet, place: Place) -> list[Stage]:
        """Write `root(run, o, x)`, which makes the answer; its stages."""
        function = _Function(self, [])
        function.object_function("root", type_, fields, place)
        return function.stages

    def stage(self, place: Place) -> Stage:
        """Write the function that completes a field with a resolver."""
        place = place.rebased()
        converter = self.selected.ground.converter
        ask_all = resolving.batch(place, converter)
        ask = None if ask_all else resolving.one_by_one(place, converter)
        keys = "_".join(key for key in place.path if key is not None)
        stage = Stage(len(self.stages), self.source.fresh(f"{keys}_"), place, ask, ask_all)
        self.stages.append(stage)
        _Function(self, stage.children).stage_function(stage)
        return stage


class _Function:
    """One generated function. `stages` are those whose parents it makes."""

    def __init__(self, drafter: Drafter, stages: list[Stage]) -> None:
        self.stages = stages
        self._drafter = drafter
        self._source = drafter.source
        self._lines: list[tuple[str, Place]] = []

    def object_function(self, name: str, type_: GraphQLObjectType, fields: GroupedFieldSet, place: Place) -> None:
        """`name(run, o, x)`: make one object."""
        self._emit(0, f"def {name}(run, o, x):  # {type_} at {place}", place)
        self._emit(1, "try:", place)
        self._emit(2, "s = o.value if type(o) is Reading else o", place)
        self._object(type_, fields, "o", "s", "d", place, 2)
        self._emit(2, "return d", place)
        self._emit(1, "except Exception as e: raise run.located(e, locals())", place)
        self._source.add(self._lines)

    def stage_function(self, stage: Stage) -> None:
        """`name(run, entries, values)`: complete the values of one field in all its parents."""
        place = stage.place
        self._emit(0, f"def {stage.name}(run, entries, values):  # {place.coordinate} at {place}", place)
        self._emit(1, "for v, (o, d, x) in zip(values, entries):", place)
        self._emit(2, "try:", place)
        self._emit(3, f"d[{place.path[-1]!r}] = {self._value(place.type, 'v', place, 3)}", place)
        self._emit(2, f"except Exception as e: run.broken(e, locals(), {self._constant('place', place)})", place)
        self._source.add(self._lines)

    def _emit(self, depth: int, text: str, place: Place) -> None:
        self._source.draft()
        self._lines.append(("    " * depth + text, place))

    def _constant(self, prefix: str, value: Any) -> str:
        return self._source.constant(prefix, value)

    def _value(self, type_: GraphQLOutputType, v: str, place: Place, depth: int) -> str:
        """Complete the value in the variable `v`; the variable with the result."""
        nullable = not is_non_null_type(type_)
        bare: Any = type_ if nullable else cast("GraphQLNonNull[Any]", type_).of_type
        if is_leaf_type(bare):
            self._leaf(bare, v, place, depth, nullable=nullable)
            return v
        result = self._source.fresh("r")
        if is_abstract_type(bare):
            self._abstract(bare, v, result, place, depth)
        elif is_list_type(bare):
            self._list(bare, v, result, place, depth, nullable=nullable)
        else:
            self._checked_object(bare, v, result, place, depth, nullable=nullable)
        return result

    def _leaf(self, type_: GraphQLLeafType, v: str, place: Place, depth: int, *, nullable: bool) -> None:
        known: set[type] = set()
        write = self._constant("write", leaf(place, type_, known))
        names = enum_names(type_)
        coerce = type_.coerce_output_value
        odd = _ODD.get(cast("Any", type_), _ODD[GraphQLString] if coerce is str else "").format(v=v)
        if names:
            self._emit(depth, f"{v} = {self._constant('names', names)}.get(id({v})) or {write}({v})", place)
        elif odd:
            self._emit(depth, f"if ({odd}){f' and {v} is not None' * nullable}: {v} = {write}({v})", place)
        else:
            # Without the call of `write` around that of the scalar's own function: 0.1 us less a value.
            fast = f"type({v}) in {self._constant('known', known)} and (w := {self._constant('coerce', coerce)}({v}))"
            value = f"w if {fast} is not None and w is not Undefined else {write}({v})"
            self._emit(depth, f"{f'if {v} is not None: ' * nullable}{v} = {value}", place)

    def _abstract(self, type_: GraphQLAbstractType, v: str, result: str, place: Place, depth: int) -> None:
        known: dict[type, Complete] = {}
        schema = self._drafter.selected.ground.schema
        handlers = {one.name: self._separate(one, place) for one in schema.get_possible_types(type_)}
        find = self._constant("find", dispatch(place, type_, schema, _Named(self._source.names, handlers), known))
        known_name = self._constant("known", known)
        self._emit(depth, f"h = {known_name}.get(type({v}.value if type({v}) is Reading else {v}))", place)
        self._emit(depth, f"if h is None: h = {find}({v}, locals())", place)
        self._emit(depth, f"{result} = h(run, {v}, {place.index})", place)

    def _list(self, type_: GraphQLList[Any], v: str, result: str, place: Place, depth: int, *, nullable: bool) -> None:
        check = self._constant("listed", list_check(place))
        self._emit(depth, f"if type({v}) is not list and type({v}) is not tuple: {v} = {check}({v})", place)
        if nullable:
            self._emit(depth, f"if {v} is None: {result} = None", place)
            self._emit(depth, "else:", place)
        depth += nullable
        item, items = self._source.fresh("v"), place.item(type_, result)
        self._emit(depth, f"{result} = []", place)
        self._emit(depth, f"for {item} in {v}:  # {items}", place)
        self._emit(depth + 1, f"{result}.append({self._position(items, item, depth + 1)})", items)

    def _checked_object(
        self, type_: GraphQLObjectType, v: str, result: str, place: Place, depth: int, *, nullable: bool
    ) -> None:
        known: set[type] = set()
        check = self._constant("check", object_check(place, type_, known))
        known_name, record = self._constant("known", known), self._source.fresh("s")
        self._emit(depth, f"{record} = {v}.value if type({v}) is Reading else {v}", place)
        if nullable:
            self._emit(
                depth, f"if type({record}) not in {known_name} and not {check}({v}, locals()): {result} = None", place
            )
            self._emit(depth, "else:", place)
        else:
            self._emit(depth, f"if type({record}) not in {known_name}: {check}({v}, locals())", place)
        depth += nullable
        if depth > INDENTS_MAX:
            self._emit(depth, f"{result} = {self._separate(type_, place)}(run, {v}, {place.index})", place)
        else:
            self._object(type_, self._drafter.selected.below(type_, place), v, record, result, place, depth)

    def _separate(self, type_: GraphQLObjectType, place: Place) -> str:
        """The name of a function of its own for objects of `type_`."""
        name, place = self._source.fresh(f"{type_.name}_"), place.rebased()
        fields = self._drafter.selected.below(type_, place)
        _Function(self._drafter, self.stages).object_function(name, type_, fields, place)
        return name

    def _position(self, place: Place, v: str, depth: int, read: str = "") -> str:
        """Complete the value in `v`, or that of the expression `read`; a failure becomes null if that may be."""
        nullable = not is_non_null_type(place.type)
        if nullable:
            self._emit(depth, "try:", place)
        if read:
            self._emit(depth + nullable, f"{v} = {read}", place)
        result = self._value(place.type, v, place, depth + nullable)
        if nullable:
            failed = f"run.fail(e, locals(), {self._constant('place', place)})"
            self._emit(depth, f"except Exception as e: {result} = {failed}", place)
        return result

    def _object(  # noqa: PLR0917 - three of them are names of variables
        self, type_: GraphQLObjectType, fields: GroupedFieldSet, o: str, s: str, result: str, place: Place, depth: int
    ) -> None:
        """Make the object `result` of the parent in `o` and the record in it, which is in `s`."""
        schema, pairs, later = self._drafter.selected.ground.schema, [], []
        for key, group in fields.items():
            name = group[0].node.name.value
            field = schema.get_field(type_, name)
            if field is None:
                continue
            child, value = place.child(key, group, type_, field), "None"
            if name == "__typename":
                value = repr(type_.name)
            elif read := self._inline(child, o, s):
                value = self._position(child, self._source.fresh("v"), depth, read)
            else:
                later.append(child)
            pairs.append(f"{key!r}: {value}")
        self._emit(depth, f"{result} = {{{', '.join(pairs)}}}", place)
        for child in later:
            stage = self._drafter.stage(child)
            self.stages.append(stage)
            self._emit(depth, f"run.queues[{stage.number}].append(({o}, {result}, {place.index}))", place)

    def _inline(self, place: Place, o: str, s: str) -> str | None:
        """An expression for the value of a field without a stage of its own."""
        read = resolving.reading(place.field)
        if read is not None:
            return read.format(o=o, s=s)
        converter = self._drafter.selected.ground.converter
        resolver = resolving.calling(place.field, converter)
        if resolver is None:
            return None
        definition = place.field.extensions[AUTHORED]
        if resolver.info_parameter is None and not resolver.self_parameter:
            parents = [one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one]
            call = self._constant("call", resolver.wrapped_func)
            return f"{call}({', '.join(f'{name}={o}' for name in parents)})"
        call = self._constant("call", resolving.call_with(place.rebased(), definition, resolver, converter))
        return f"{call}(run, {o}, {place.index})"


class _Named(Mapping[str, Complete]):
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
