"""What a field is asked with: once for all runs where the document says it in full, else anew each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from graphql import ArgumentNode, Undefined, VariableNode, Visitor, get_argument_values, is_non_null_type, visit
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from gateway.engine.compiled.inputs import Give, giving
from gateway.engine.compiled.places import Place
from gateway.engine.compiled.running import Run

Arguments = Callable[[Run], dict[str, Any]]
"""The arguments of a field in one run, its own to change. Raises GraphQLError."""

_UNCHANGING = frozenset({str, int, float, bool, type(None), Decimal, date, datetime})


def given_to(place: Place) -> Arguments:
    """As graphql-core gives them to a resolver.

    It is asked itself where variables are missing, or stand inside of lists and inputs. Else the variables are had by
    their names, and what the document writes out is what the first run found: 3 us for two arguments, and not 8.
    """
    details = place.group[0]
    if not (place.field.args or details.node.arguments):
        return lambda _: {}

    def given(run: Run) -> dict[str, Any]:
        return get_argument_values(
            place.field,
            details.node,
            run.variables,
            details.fragment_variable_values,
            run.plan.asked.ground.hide_suggestions,
        )

    taken = _taken_by_name(place)
    return given if taken is None else _by_name(given, taken)


_Taken = tuple[str, str, bool]
"""What an argument is called in Python, the variable that is its value, and whether it may be null."""


def _taken_by_name(place: Place) -> list[_Taken] | None:
    """The arguments that are variables; None where there is more to do."""
    details = place.group[0]
    taken = []
    if details.fragment_variable_values is not None:
        return None
    for node in details.node.arguments or ():
        argument = place.field.args[node.name.value]
        if isinstance(node.value, VariableNode):
            name = argument.out_name or node.name.value
            taken.append((name, node.value.name.value, not is_non_null_type(argument.type)))
        elif _holds_variables(node):
            return None
    return taken


def _by_name(given: Arguments, taken: list[_Taken]) -> Arguments:
    names = {name for name, _, _ in taken}
    written: dict[str, Any] | None = None
    may_be_kept = True

    def arguments(run: Run) -> dict[str, Any]:
        nonlocal written, may_be_kept
        if written is None:
            values = given(run)
            if may_be_kept:
                rest = {name: value for name, value in values.items() if name not in names}
                may_be_kept = all(map(_may_be_kept, rest.values()))
                written = rest if may_be_kept else None
            return _copied(values)
        values, coerced = _copied(written), run.variables.coerced
        for name, variable, may_be_null in taken:
            value = coerced.get(variable, Undefined)
            if value is Undefined or (value is None and not may_be_null):
                return given(run)
            values[name] = value
        return values

    return arguments


def asked_with(place: Place, definition: StrawberryField, converter: GraphQLCoreConverter) -> Arguments:
    """As Strawberry gives them to a resolver.

    Those that are written out in the document are worked out by the first run: 10 us less for a list of three places.
    """
    given, convert = given_to(place), _converting(definition, converter)

    def python(run: Run) -> dict[str, Any]:
        values = given(run)
        return convert(values) if values else values

    return python if _has_variables(place) else _kept(python)


def _converting(
    definition: StrawberryField, converter: GraphQLCoreConverter
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    known: list[tuple[str, str, Give]] = []
    for argument in definition.arguments:
        give = giving(argument.type, converter)
        if give is None:
            return lambda values: convert_arguments(
                values, definition.arguments, converter.scalar_registry, converter.config
            )
        known.append((converter.config.name_converter.from_argument(argument), argument.python_name, give))
    return lambda values: {python: give(values[name]) for name, python, give in known if name in values}


def _kept(python: Arguments) -> Arguments:
    kept: dict[str, Any] | None = None
    again = True

    def arguments(run: Run) -> dict[str, Any]:
        nonlocal kept, again
        if kept is None:
            values = python(run)
            if again and all(map(_may_be_kept, values.values())):
                kept = values
            again = False
            return _copied(values)
        return _copied(kept)

    return arguments


def _copied(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.copy() if type(value) is list else value for name, value in values.items()}


def _may_be_kept(value: Any) -> bool:
    """Whether nobody who is given it, or a copy of the list that it is, can change it for others."""
    if type(value) is list:
        return _UNCHANGING.issuperset(map(type, value))
    return type(value) in _UNCHANGING or isinstance(value, Enum)


def _has_variables(place: Place) -> bool:
    return any(map(_holds_variables, place.group[0].node.arguments or ()))


def _holds_variables(argument: ArgumentNode) -> bool:
    visit(argument, looking := _Looking())
    return looking.found


class _Looking(Visitor):
    found = False

    def enter_variable(self, _node: VariableNode, *_: object) -> None:
        """A value that is another one each time."""
        self.found = True
