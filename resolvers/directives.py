"""The directives of the schema: what clients may ask of a field, and what a field promises."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Annotated, Any, Final

import strawberry
from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    IntValueNode,
    ValidationRule,
    ValueNode,
    VariableNode,
)
from strawberry.directive import DirectiveLocation, DirectiveValue
from strawberry.schema_directive import Location

from domains.vocabulary import InvalidInput, ServingTier, SystemRole
from resolvers.enums import described

MAX_STALE: Final = "maxStale"
MAX_STALE_S: Final = 30 * 24 * 3600
"""Nothing is kept for so long: whoever means "any age" leaves the directive out."""


class Degradation(enum.Enum):
    """What a field answers when the system that it asks fails."""

    LAST_KNOWN = "LAST_KNOWN"
    CONSERVATIVE = "CONSERVATIVE"
    NULL = "NULL"


described(
    Degradation,
    "What a field answers when the system that it asks fails.",
    LAST_KNOWN="What was last known, marked STALE_DEGRADED, for as long as it may stand in, or what was read ahead of "
    "time where @servedFrom names a PROJECTION; then null with an error.",
    CONSERVATIVE="What was last known, or read ahead of time from another system's books, less a buffer for what may "
    "have changed since, and never called plentiful; null with an error when there is neither.",
    NULL="Null with an error: an old answer would mislead.",
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION], description="What this field answers when the system that it asks fails."
)
class Degrades:
    to: Degradation = strawberry.field(description="What stands in for the answer.")


described(
    ServingTier,
    "From how far away an answer may come, nearest first.",
    MEMORY="This process knows it.",
    CACHE="Remembered from an earlier answer, never asked for.",
    PROJECTION="A copy that is kept ahead of time: the system is not asked while anybody waits.",
    LIVE="The system itself, when no cache has it.",
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    repeatable=True,
    description="Which systems this field may ask, and from how far away their answer may come. It holds for the field "
    "itself; what is selected inside says so for itself. Without systems it asks none, and answers from the gateway's "
    "own books.",
)
class ServedFrom:
    systems: list[SystemRole] = strawberry.field(description="These and no others.")
    tier: ServingTier = strawberry.field(description="The furthest place an answer may come from.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many calls this field makes to a system, where it is not one: for each level of an operation and "
    "each 500 keys, when nothing is remembered. This is what the limits of a caller count, and only where @servedFrom "
    "says LIVE.",
)
class Cost:
    erp: int | None = strawberry.field(default=strawberry.UNSET, description="Calls to the ERP.")
    oms: int | None = strawberry.field(default=strawberry.UNSET, description="Calls to the OMS.")
    loyalty: int | None = strawberry.field(default=strawberry.UNSET, description="Calls to the loyalty engine.")
    crm: int | None = strawberry.field(default=strawberry.UNSET, description="Calls to the CRM.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many items the limits count for this list when no list among its arguments tells, where it is "
    "not 10.",
)
class ListSize:
    assumed_size: int = strawberry.field(description="So many.")


Served = Sequence[ServedFrom | Cost | ListSize]
"""The @servedFrom lines of one field, and what is unusual about its cost."""

ERP_LIVE: Final[Served] = (ServedFrom(systems=[SystemRole.ERP], tier=ServingTier.LIVE),)
ERP_PROJECTED: Final[Served] = (ServedFrom(systems=[SystemRole.ERP], tier=ServingTier.PROJECTION),)
OMS_LIVE: Final[Served] = (ServedFrom(systems=[SystemRole.OMS], tier=ServingTier.LIVE),)
OMS_OR_BOOKS: Final[Served] = (*OMS_LIVE, *ERP_PROJECTED)
"""Of stock and places: the OMS is asked, and what was read of the ERP's books stands in for it."""
LOYALTY_LIVE: Final[Served] = (ServedFrom(systems=[SystemRole.LOYALTY], tier=ServingTier.LIVE),)
CRM_LIVE: Final[Served] = (ServedFrom(systems=[SystemRole.CRM], tier=ServingTier.LIVE),)
JOURNAL: Final[Served] = (ServedFrom(systems=[], tier=ServingTier.MEMORY),)
"""Of the gateway's own books: no system is asked."""
ANYTHING: Final[Served] = (
    *ERP_PROJECTED,
    ServedFrom(systems=[SystemRole.OMS, SystemRole.LOYALTY, SystemRole.CRM], tier=ServingTier.LIVE),
)
"""Of a field that finds a thing of any kind by its id."""


def served_of(field: GraphQLField) -> tuple[ServedFrom, ...]:
    """The @servedFrom lines of a field of the schema; none when it asks no system."""
    authored = field.extensions.get("strawberry-definition")
    return tuple(one for one in getattr(authored, "directives", ()) if isinstance(one, ServedFrom))


def cost_of(field: GraphQLField) -> dict[SystemRole, int]:
    """The calls that a field of the schema makes by its @cost."""
    authored = field.extensions.get("strawberry-definition")
    said = [one for one in getattr(authored, "directives", ()) if isinstance(one, Cost)]
    calls = {role: getattr(one, role.value.lower()) for one in said for role in SystemRole}
    return {role: number for role, number in calls.items() if isinstance(number, int)}


def list_size_of(field: GraphQLField) -> int | None:
    """The length that the @listSize of a field of the schema says."""
    authored = field.extensions.get("strawberry-definition")
    directives = getattr(authored, "directives", ())
    return next((one.assumed_size for one in directives if isinstance(one, ListSize)), None)


def degradation_of(field: GraphQLField) -> Degradation | None:
    """What a field of the schema degrades to; None when it asks no system."""
    authored = field.extensions.get("strawberry-definition")
    directives = getattr(authored, "directives", ())
    return next((directive.to for directive in directives if isinstance(directive, Degrades)), None)


def _max_stale(
    value: DirectiveValue[Any],  # noqa: ARG001 - Strawberry gives it to every directive
    seconds: Annotated[  # noqa: ARG001 - declared here, read from the document
        int, strawberry.argument(description=f"How old it may be at most: 0 to {MAX_STALE_S}, which is thirty days.")
    ],
) -> Any:
    raise AssertionError("the field itself reads this directive")


max_stale = strawberry.directive(
    locations=[DirectiveLocation.FIELD],
    name=MAX_STALE,
    description="Take no older answer for this field. An older one is asked for again past every cache; when nothing "
    "newer can be had, the field fails with TOO_STALE. It holds for this field alone, not for those inside it, and "
    "only a field that asks a system (one with @degrades) can have it.",
)(_max_stale)


stalest_s: ContextVar[int | None] = ContextVar("retailgraph_stalest_s", default=None)
"""How old an answer may be for the caller of this request at most, whatever they ask; None when nothing is said.

Set at the door, in the task that answers the one request: the tasks below inherit it.
"""


def demands(nodes: Sequence[FieldNode]) -> bool:
    """Whether any of the nodes of a field has a @maxStale."""
    return any(directive.name.value == MAX_STALE for node in nodes for directive in node.directives or ())


def demanded_s(info: strawberry.Info[Any, Any]) -> int | None:
    """The seconds of @maxStale at the field, the fewest where it is selected more than once, and never more than the
    caller's own; None where neither is said. Raises InvalidInput.
    """
    fewest = stalest_s.get()
    for node in info._raw_info.field_nodes:  # noqa: SLF001 - the syntax nodes have no public name
        for directive in node.directives or ():
            if directive.name.value == MAX_STALE:
                seconds = _seconds(directive, info.variable_values)
                fewest = seconds if fewest is None else min(fewest, seconds)
    return fewest


def _seconds(directive: DirectiveNode, variables: Mapping[str, Any]) -> int:
    # Validation has seen to it that the one argument is there, and is an Int or a variable for one.
    (argument,) = directive.arguments or ()
    given = argument.value
    seconds = variables.get(given.name.value) if isinstance(given, VariableNode) else _written(given)
    if seconds is None or not 0 <= seconds <= MAX_STALE_S:
        raise InvalidInput(_out_of_range(), (MAX_STALE, "seconds"))
    return int(seconds)


def _written(value: ValueNode) -> int | None:
    return int(value.value) if isinstance(value, IntValueNode) else None


class MaxStaleRule(ValidationRule):
    """@maxStale stands where it means something, and its number, if written out, is in range."""

    def enter_field(self, node: FieldNode, *_: object) -> None:
        """Look at the directives of one selected field."""
        for directive in node.directives or ():
            if directive.name.value != MAX_STALE:
                continue
            field = self.context.get_field_def()
            if field is not None and degradation_of(field) is None:
                told = (
                    f"@{MAX_STALE} is for fields that ask a system; {node.name.value!r} shows what another one asked."
                )
                self.report_error(GraphQLError(told, directive))
            for argument in directive.arguments or ():
                seconds = _written(argument.value)
                if seconds is not None and not 0 <= seconds <= MAX_STALE_S:
                    self.report_error(GraphQLError(_out_of_range(), argument))


def _out_of_range() -> str:
    return f"@{MAX_STALE} takes 0 to {MAX_STALE_S} seconds."
