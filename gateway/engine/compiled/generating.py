"""Writing the functions of a plan.

Fields that only read an attribute are inlined, with all that is selected below them, as nested loops of the function of
the nearest field around them that has a resolver. What is checked of a value is its class, in line; whatever is not as
expected goes to `completing`. A position that may be null is a `try`, which costs nothing until something raises: the
line that raised then tells the position (see `Run.located`).
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import GroupedFieldSet

from gateway.engine.compiled import resolving
from gateway.engine.compiled.asked import Selected
from gateway.engine.compiled.completing import Complete, Named, dispatch, list_check, object_check
from gateway.engine.compiled.leaves import leaf_line
from gateway.engine.compiled.levels import is_told_in_rows, rows_kept
from gateway.engine.compiled.members import Member
from gateway.engine.compiled.places import Place
from gateway.engine.compiled.source import Line, Source
from gateway.engine.compiled.stages import Stage

INDENTS_MAX = 12
"""CPython refuses more than 20 nested loops and tries; below this depth an object is made by a function of its own."""


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
        ask, ask_all = resolving.asking(place, converter)
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
        self._lines: list[Line] = []
        self._place: Place | None = None
        """Of the field whose values it is given."""
        self._unlike = 0
        """How many expressions so far may be others for the same record: calls, and fields that ask."""

    def object_function(self, name: str, type_: GraphQLObjectType, fields: GroupedFieldSet, place: Place) -> None:
        """`name(run, o, x)`: make one object."""
        self._emit(0, f"def {name}(run, o, x):  # {type_} at {place}", place)
        self._emit(1, "try:", place)
        self._emit(2, "s = o.value if type(o) is Reading else o", place)
        self._object(self._members(type_, fields, "o", "s", place, 2), "o", "d", place, 2)
        self._emit(2, "return d", place)
        self._emit(1, "except Exception as e: raise run.located(e, locals())", place)
        self._source.add(self._lines)

    def stage_function(self, stage: Stage) -> None:
        """`name(run, entries, values)`: complete the values of one field in all its parents."""
        place = self._place = stage.place
        self._emit(0, f"def {stage.name}(run, entries, values):  # {place.coordinate} at {place}", place)
        self._emit(1, "for v, (o, d, x) in zip(values, entries):", place)
        self._emit(2, "try:", place)
        self._emit(3, f"d[{place.path[-1]!r}] = {self._value(place.type, 'v', place, 3)}", place)
        self._emit(2, f"except Exception as e: run.broken(e, locals(), {self._constant('place', place)})", place)
        self._source.add(self._lines)
        stage.alike = not self._unlike

    def _emit(self, depth: int, text: str, place: Place) -> None:
        self._source.draft()
        self._lines.append((depth, text, place))

    def _constant(self, prefix: str, value: Any) -> str:
        return self._source.constant(prefix, value)

    def _value(self, type_: GraphQLOutputType, v: str, place: Place, depth: int) -> str:
        """Complete the value in the variable `v`; the variable with the result."""
        nullable = not is_non_null_type(type_)
        bare: Any = type_ if nullable else cast("GraphQLNonNull[Any]", type_).of_type
        if is_leaf_type(bare):
            self._emit(depth, leaf_line(self._source, bare, v, place, nullable=nullable), place)
            return v
        result = self._source.fresh("r")
        if is_abstract_type(bare):
            self._abstract(bare, v, result, place, depth)
        elif is_list_type(bare):
            write = self._row if place is self._place else self._list
            write(bare, v, result, place, depth, nullable=nullable)
        else:
            self._checked_object(bare, v, result, place, depth, nullable=nullable)
        return result

    def _abstract(self, type_: GraphQLAbstractType, v: str, result: str, place: Place, depth: int) -> None:
        known: dict[type, Complete] = {}
        schema = self._drafter.selected.ground.schema
        self._unlike += 1
        handlers = {one.name: self._separate(one, place) for one in schema.get_possible_types(type_)}
        find = self._constant("find", dispatch(place, type_, schema, Named(self._source.names, handlers), known))
        known_name = self._constant("known", known)
        self._emit(depth, f"h = {known_name}.get(type({v}.value if type({v}) is Reading else {v}))", place)
        self._emit(depth, f"if h is None: h = {find}({v}, locals())", place)
        self._emit(depth, f"{result} = h(run, {v}, {place.index})", place)

    def _row(self, type_: GraphQLList[Any], v: str, result: str, place: Place, depth: int, *, nullable: bool) -> None:
        """As `_list`, but what was written of the same row before is taken as it is, if nothing in it can be new but
        what stages write that are asked for the items themselves, and all is written that they say in rows."""
        before, unlike, number, self._lines = self._lines, self._unlike, len(self.stages), list[Line]()
        self._list(type_, v, result, place, depth + 1, nullable=nullable)
        lines, self._lines = self._lines, before
        stages = self.stages[number:]
        if self._unlike - unlike != len(stages) or not is_told_in_rows(stages, place):
            self._lines += [(inner - 1, text, at) for inner, text, at in lines]
            return
        written, row = self._drafter.selected.ground.written, self._source.fresh("w")
        again, keep = rows_kept(self._source, written, place, stages)
        self._emit(depth, f"{row} = {v}; {result} = {again}(run, {v}, d, x) if type({v}) is Row else None", place)
        self._emit(depth, f"if {result} is None:", place)
        self._lines += lines
        self._emit(depth + 1, f"if type({row}) is Row: {keep}(run, {row}, {result}, d, x)", place)

    def _list(self, type_: GraphQLList[Any], v: str, result: str, place: Place, depth: int, *, nullable: bool) -> None:
        check = self._constant("listed", list_check(place))
        self._emit(depth, f"if type({v}) not in LISTS: {v} = {check}({v})", place)
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
        odd = f"type({record}) not in {known_name}"
        read = f"{record} = {v}.value if type({v}) is Reading else {v}"
        if depth > INDENTS_MAX:
            self._emit(depth, read, place)
            if nullable:
                self._emit(depth, f"if {odd} and not {check}({v}, locals()): {result} = None", place)
                self._emit(depth, f"else: {result} = {self._separate(type_, place)}(run, {v}, {place.index})", place)
            else:
                self._emit(depth, f"if {odd}: {check}({v}, locals())", place)
                self._emit(depth, f"{result} = {self._separate(type_, place)}(run, {v}, {place.index})", place)
            return
        members = self._members(type_, self._drafter.selected.below(type_, place), v, record, place, depth + 1)
        if (place is self._place or place.path[-1] is None) and any(one.alike for one in members):
            fits = f"(type({record}) in {known_name} or {check}({v}, locals()))"
            self._remembered(members, fits, v, record, result, place, depth)
            return
        self._emit(depth, read, place)
        if nullable:
            self._emit(depth, f"if {odd} and not {check}({v}, locals()): {result} = None", place)
            self._emit(depth, "else:", place)
        else:
            self._emit(depth, f"if {odd}: {check}({v}, locals())", place)
            members = [one.shifted(-1) for one in members]
        self._object(members, v, result, place, depth + nullable)

    def _remembered(  # noqa: PLR0917 - three of them are names of variables
        self, members: list[Member], fits: str, v: str, record: str, result: str, place: Place, depth: int
    ) -> None:
        """Make the object `result` out of what was written of the same record before, and of what may be new in it.

        What is remembered are records of a cache: others are not seen again.
        """
        written = self._drafter.selected.ground.written
        memo_name = self._constant("memo", memo := written.memo())
        keep = self._constant("keep", partial(written.keep, memo))
        alike = [one for one in members if one.alike]
        is_whole = len(alike) == len(members)
        kept = self._source.fresh("f")
        self._emit(depth, f"if type({v}) is Reading:", place)
        self._emit(depth + 1, f"{record} = {v}.value; {kept} = {v}.tier is FRESH", place)
        self._emit(depth + 1, f"{result} = {memo_name}.get(id({record})) if {kept} else None", place)
        self._emit(depth, f"else: {record} = {v}; {kept} = {result} = None", place)
        if is_whole:
            self._emit(depth, f"if {result} is None and {fits}:", place)
        else:
            self._emit(depth, f"if {result} is not None: {result} = {result}.copy()", place)
            self._emit(depth, f"elif {fits}:", place)
        for one in alike:
            self._lines += one.lines
        pairs = ", ".join(f"{one.key!r}: {one.value if one.alike else None}" for one in members)
        self._emit(depth + 1, f"{result} = {{{pairs}}}", place)
        self._emit(depth + 1, f"if {kept}: {keep}(run, {record}, {result})", place)
        if is_whole:
            return
        self._emit(depth, f"if {result} is not None:", place)
        for one in members:
            if one.alike:
                continue
            self._lines += one.lines
            if one.stage is None:
                self._emit(depth + 1, f"{result}[{one.key!r}] = {one.value}", place)
            else:
                self._queue(one.stage, v, result, place, depth + 1)

    def _separate(self, type_: GraphQLObjectType, place: Place) -> str:
        """The name of a function of its own for objects of `type_`."""
        name, place = self._source.fresh(f"{type_.name}_"), place.rebased()
        fields = self._drafter.selected.below(type_, place)
        function = _Function(self._drafter, self.stages)
        function.object_function(name, type_, fields, place)
        self._unlike += function._unlike
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

    def _members(  # noqa: PLR0917 - two of them are names of variables
        self, type_: GraphQLObjectType, fields: GroupedFieldSet, o: str, s: str, place: Place, depth: int
    ) -> list[Member]:
        """The fields of an object of the parent in `o` and the record in it, which is in `s`."""
        schema, members, before = self._drafter.selected.ground.schema, [], self._lines
        for key, group in fields.items():
            name = group[0].node.name.value
            field = schema.get_field(type_, name)
            if field is None:
                continue
            child, value, stage, unlike = place.child(key, group, type_, field), "None", None, self._unlike
            self._lines = lines = list[Line]()
            if name == "__typename":
                value = repr(type_.name)
            elif read := self._inline(child, o, s):
                value = self._position(child, self._source.fresh("v"), depth, read)
            else:
                stage = self._drafter.stage(child)
                self.stages.append(stage)
                self._unlike += 1
            members.append(Member(key, value, lines, stage, self._unlike == unlike))
        self._lines = before
        return members

    def _object(self, members: list[Member], o: str, result: str, place: Place, depth: int) -> None:
        """Make the object `result` of the parent in `o`."""
        for one in members:
            self._lines += one.lines
        pairs = ", ".join(f"{one.key!r}: {one.value}" for one in members)
        self._emit(depth, f"{result} = {{{pairs}}}", place)
        for one in members:
            if one.stage is not None:
                self._queue(one.stage, o, result, place, depth)

    def _queue(self, stage: Stage, o: str, result: str, place: Place, depth: int) -> None:
        self._emit(depth, f"run.queues[{stage.number}].append(({o}, {result}, {place.index}))", place)

    def _inline(self, place: Place, o: str, s: str) -> str | None:
        """An expression for the value of a field without a stage of its own."""
        converter = self._drafter.selected.ground.converter
        expression, is_alike = resolving.inlined(place, o, s, self._source.constant, converter)
        self._unlike += not is_alike
        return expression
