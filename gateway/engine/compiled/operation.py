"""Which operations are compiled, and when: on their second use, or at once where it is known that they come again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any

import structlog
from graphql import (
    BREAK,
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    VariableValues,
    Visitor,
    visit,
)

from gateway.engine.compiled.asked import Asked, Ground, fragments_of
from gateway.engine.compiled.plan import Plan
from gateway.engine.compiled.source import TooLarge
from gateway.engine.compiled.variables import Variables

VARIANTS_MAX = 16
"""Plans of one operation. Four independent @include variables; what has more is answered by graphql-core."""

_BYTES_PER_CHARACTER = 20
"""A plan takes 9 to 18 bytes for a character of its text: code, places, constants (measured, Python 3.11)."""

_log = structlog.get_logger(__name__)


class Plans:
    """The plans of one document, for each of its operations and each outcome of their conditions."""

    def __init__(self, ground: Ground, document: DocumentNode, on_growth: Callable[[], None]) -> None:
        """`on_growth` is told whenever `bytes` has changed."""
        self._ground = ground
        self._document = document
        self._on_growth = on_growth
        self._operations: dict[str | None, Operation | None] = {}
        self._used: set[str | None] = set()

    @property
    def bytes(self) -> int:
        return sum(operation.bytes for operation in self._operations.values() if operation is not None)

    async def run(
        self,
        name: str | None,
        raw_variables: Mapping[str, object],
        context: object,
        root: object,
        *,
        comes_again: bool = False,
    ) -> ExecutionResult | None:
        """Execute the operation `name`; None, before anything has run, when it is graphql-core's to execute.

        That is so for its first use, unless it is known that it `comes_again`: texts that are sent once, as by clients
        that write values into them or by whoever wants to keep us busy, cost no compilation.
        """
        if not comes_again and name not in self._used:
            self._used.add(name)
            return None
        operation = self._operation(name)
        if operation is None:
            return None
        values = operation.variables.values(raw_variables)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        before = operation.bytes
        plan = operation.plan(values)
        if operation.bytes != before:
            self._on_growth()
        if plan is None:
            return None
        result = plan.start(root, context, values)
        return result if isinstance(result, ExecutionResult) else await result

    def plan(self, name: str | None, raw_variables: Mapping[str, object]) -> Plan | None:
        """What would run the operation `name`, to be looked at; None when that would be graphql-core.

        A condition whose variable is not given is taken to be true.
        """
        operation = self._operation(name)
        return None if operation is None else operation.plan(operation.supposed(raw_variables))

    def _operation(self, name: str | None) -> Operation | None:
        if name not in self._operations:
            self._operations[name] = _operation(self._ground, self._document, name)
        return self._operations[name]


class Operation:
    """One operation and its plans, one for each outcome of the variables in its @skip and @include."""

    def __init__(self, asked: Asked, conditions: frozenset[str]) -> None:
        self.bytes = 0
        self.variables = Variables(asked.ground, asked.operation.variable_definitions or ())
        self._asked = asked
        self._conditions = tuple(sorted(conditions))
        self._plans: dict[tuple[Any, ...], Plan | None] = {}

    def plan(self, values: VariableValues) -> Plan | None:
        """The plan for these values, made if need be; None when there is none."""
        outcome = tuple([values.coerced.get(name) for name in self._conditions]) if self._conditions else ()
        if outcome in self._plans:
            return self._plans[outcome]
        if len(self._plans) >= VARIANTS_MAX:
            return None
        plan = self._plans[outcome] = self._made(values)
        if plan is not None:
            self.bytes += _BYTES_PER_CHARACTER * len(plan.text)
        return plan

    def supposed(self, raw_variables: Mapping[str, object]) -> VariableValues:
        """Values for the conditions alone, as far as they can be told."""
        ground, coerced = self._asked.ground, dict[str, Any].fromkeys(self._conditions, True)
        for one in self._asked.operation.variable_definitions or ():
            if one.variable.name.value in coerced:
                values = Variables(ground, (one,)).values(raw_variables)
                coerced.update({} if isinstance(values, list) else values.coerced)
        return VariableValues({}, coerced)

    def _made(self, values: VariableValues) -> Plan | None:
        sources, coerced = ({name: of_kind[name] for name in self._conditions if name in of_kind} for of_kind in values)
        try:
            return Plan(self._asked, VariableValues(sources, coerced))
        except (GraphQLError, TooLarge, RecursionError, SyntaxError) as reason:
            # A GraphQLError is the client's, and graphql-core will tell it.
            _log.info("operation not compiled", reason=str(reason))
            return None


def _operation(ground: Ground, document: DocumentNode, name: str | None) -> Operation | None:
    """The operation `name` of a valid document, None if it cannot be compiled."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    operation = next(
        one
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
        and (name is None or (one.name is not None and one.name.value == name))
    )
    return compilable(ground, operation, fragments)


def compilable(
    ground: Ground, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Operation | None:
    """`operation` with the fragments of its document; None if it is graphql-core's to execute."""
    root_type = ground.schema.get_root_type(operation.operation)
    seen = _Seen()
    for definition in (operation, *fragments.values()):
        visit(definition, seen)
    if root_type is None or seen.unsupported or _has_async_types(ground.schema):
        return None
    return Operation(Asked(ground, operation, root_type, fragments_of(fragments)), frozenset(seen.conditions))


class _Seen(Visitor):
    """What decides whether, and how often, an operation is compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.conditions: set[str] = set()
        self.unsupported = False

    def enter_directive(self, node: DirectiveNode, *_: object) -> Any:
        """@skip and @include choose a variant; other executors' directives are not compiled."""
        name = node.name.value
        if name in {"skip", "include"}:
            values = [argument.value for argument in node.arguments or ()]
            self.conditions.update(value.name.value for value in values if isinstance(value, VariableNode))
        elif name in {"defer", "stream", "experimental_disableErrorPropagation"}:
            self.unsupported = True
            return BREAK
        return None

    def enter_field(self, node: FieldNode, *_: object) -> Any:
        """Introspection is asked once per tool, and would be the largest plan of all."""
        if node.name.value in {"__schema", "__type"}:
            self.unsupported = True
            return BREAK
        return None

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: object) -> Any:
        """Fragments with variables of their own are an experiment of graphql-core's."""
        if node.variable_definitions:
            self.unsupported = True
            return BREAK
        return None


def _has_async_types(schema: GraphQLSchema) -> bool:
    return any(
        iscoroutinefunction(getattr(type_, name, None))
        for type_ in schema.type_map.values()
        for name in ("resolve_type", "is_type_of")
    )
