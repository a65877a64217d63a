"""Runs an operation: prepared once per text, executed once per request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard, cast

import strawberry
from graphql import ASTValidationRule, DocumentNode, ExecutionResult, GraphQLSchema, OperationType, execute
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from domains.vocabulary import ServingPath
from gateway.engine.compiled import Ground
from gateway.engine.faults import (
    BAD_USER_INPUT,
    INTROSPECTION_FORBIDDEN,
    METHOD_NOT_ALLOWED,
    OPERATION_RESOLUTION,
    SUBSCRIPTION_UNSUPPORTED,
    Fault,
    code_of,
    fault,
    let_go,
    request_fault,
    resolver_fault,
)
from gateway.engine.operations import DEFAULT_SIZES, CacheSizes, Operations, Prepared
from gateway.limits import DEFAULT_LIMITS, NOTHING, DocumentGuard, DocumentLimits, Estimate, Priced, Refusal
from gateway.paths import Declared, Place, Touch, instead, offences
from gateway.paths import code_of as off_path_code
from gateway.permits import NOBODY, Held, lacking

# Strawberry's check, which it declares as a plain bool; graphql-core wants it to narrow the type.
_is_awaitable = cast("Callable[[object], TypeGuard[Awaitable[object]]]", optimized_is_awaitable)

HOW_TO_SUBSCRIBE = (
    "A subscription is answered by a stream: send it with Accept: text/event-stream and no other type, or over a "
    "WebSocket at this address with the subprotocol graphql-transport-ws."
)

Toll = Callable[[Estimate, Mapping[str, object]], Awaitable[Refusal | None]]
"""Asked with what an operation may cost, once all else is well: why it may not run, or None."""

_ERRORS_TOLD_MAX = 20  # As for validation: more are neither read nor mended at once.


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request. A request error means that nothing ran: there is no data, not even null.

    `kind` is what kind of operation ran; None when none did.
    """

    data: Mapping[str, object] | None
    errors: tuple[Fault, ...] = ()
    is_request_error: bool = False
    kind: OperationType | None = None

    @property
    def code(self) -> str | None:
        """The code of the first error; None when there is none."""
        return code_of(self.errors[0]) if self.errors else None


class Engine:
    """One schema, ready to answer. Holds the prepared operations; knows nothing of HTTP and of callers.

    Strawberry's own `Schema.execute` parses and validates each time; this does what is left of it: the schema's
    execution context class, its awaitable check, and no extensions. A schema that has extensions or operation
    directives with resolvers is refused with ValueError, because their hooks would be skipped in silence.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: DocumentLimits = DEFAULT_LIMITS,
        sizes: CacheSizes = DEFAULT_SIZES,
        *,
        suggestions: bool = False,
        rules: Sequence[type[ASTValidationRule]] = (),
        declared: Declared | None = None,
        priced: Priced | None = None,
        view: GraphQLSchema | None = None,
        compiled: bool = True,
    ) -> None:
        """`view` is a part of `schema` to stand on instead of the whole; `compiled` whether operations that come again
        are compiled."""
        if schema.get_extensions():
            raise ValueError("the engine runs no schema extensions and no operation directives: register none")
        graphql_schema: GraphQLSchema = view or schema._schema  # noqa: SLF001  Strawberry has no other way to its GraphQL schema
        self._schema = graphql_schema
        self._executor_class = schema.execution_context_class
        self._suggestions = suggestions
        # Whoever brings an executor of their own means it to be asked.
        compiled = compiled and schema.execution_context_class is StrawberryGraphQLCoreExecutionContext
        ground = Ground.of(
            schema, graphql_schema, hide_suggestions=not suggestions, coercion_errors_max=_ERRORS_TOLD_MAX
        )
        self.operations = Operations(
            graphql_schema,
            DocumentGuard(limits),
            sizes,
            suggestions=suggestions,
            rules=rules,
            declared=declared,
            priced=priced,
            ground=ground if compiled else None,
        )

    async def run(
        self,
        text: str,
        variables: Mapping[str, object] | None,
        operation_name: str | None,
        context: object,
        only_query: bool = False,
        *,
        may_introspect: bool = False,
        path: ServingPath | None = None,
        occasion: object | None = None,
        toll: Toll | None = None,
        held: Held = NOBODY,
        comes_again: bool = False,
    ) -> Answer:
        """Answer one request. `only_query` refuses all but queries, as HTTP's safe methods need.

        A subscription is answered once, as a query of its root type, if there is an `occasion` for it: that is the root
        value then. Whoever has a stream asks for each message anew.

        On a `path` that may not wait for a system, an operation that could reach it is refused before anything runs;
        so is one that asks for more than `held` of its caller, and one for which `toll` has a refusal.

        An operation that `comes_again`, because its document is trusted, is compiled at once; others when they do.

        Every error of the request or of a resolver is in the answer; nothing is raised for them.
        """
        prepared = self.operations.prepare(text)
        kind = _kind(prepared.kinds, operation_name)
        refusal = self._refusal(
            prepared,
            kind,
            operation_name,
            only_query and occasion is None,
            may_introspect,
            streams=occasion is not None,
        )
        if not refusal:
            refusal = _off_path(prepared, operation_name, path) or _not_permitted(prepared, operation_name, held)
        if not refusal and toll is not None:
            refusal = await _tolled(prepared, operation_name, toll, variables or {})
        if refusal or prepared.document is None:
            return Answer(None, refusal, is_request_error=True)
        result: ExecutionResult | None = None
        if prepared.plans is not None:
            name = _chosen(prepared, operation_name)
            result = await prepared.plans.run(name, variables or {}, context, occasion, comes_again=comes_again)
        if result is None:
            result = await self._execute(prepared.document, variables, operation_name, context, occasion)
        return _told(result, kind)

    def kind(self, text: str, operation_name: str | None) -> OperationType | None:
        """What kind of operation would run; None when that is not clear, or the text is no document."""
        return _kind(self.operations.prepare(text).kinds, operation_name)

    async def _execute(
        self,
        document: DocumentNode,
        variables: Mapping[str, object] | None,
        operation_name: str | None,
        context: object,
        occasion: object | None,
    ) -> ExecutionResult:
        result = execute(
            self._schema,
            document,
            occasion,
            variable_values=dict(variables or {}),
            operation_name=operation_name,
            context_value=context,
            max_coercion_errors=_ERRORS_TOLD_MAX,
            executor_class=self._executor_class,
            is_awaitable=_is_awaitable,
            hide_suggestions=not self._suggestions,
            operation_extensions=None,
        )
        return result if isinstance(result, ExecutionResult) else await result

    def _refusal(
        self,
        prepared: Prepared,
        kind: OperationType | None,
        operation_name: str | None,
        only_query: bool,
        may_introspect: bool,
        *,
        streams: bool,
    ) -> tuple[Fault, ...]:
        """Why the operation will not run; empty when it will."""
        if only_query and kind not in {None, OperationType.QUERY}:
            # Told before validation errors: a mutation sent by GET is wrong whatever else is wrong with it.
            return (fault("This method runs queries only; send the operation by POST.", METHOD_NOT_ALLOWED),)
        if prepared.faults:
            return prepared.faults
        if kind is None:
            return (fault(_unresolved(prepared.kinds, operation_name), OPERATION_RESOLUTION),)
        if kind is OperationType.SUBSCRIPTION and not streams:
            return (fault(HOW_TO_SUBSCRIBE, SUBSCRIPTION_UNSUPPORTED),)
        forbidden = None if may_introspect else prepared.schema_field
        return (fault(f"{forbidden} is not open to this caller.", INTROSPECTION_FORBIDDEN),) if forbidden else ()


def _told(result: ExecutionResult, kind: OperationType | None) -> Answer:
    if not result.errors:
        return Answer(result.data, kind=kind)
    if result.data is None and all(error.path is None for error in result.errors):
        return Answer(None, tuple(request_fault(error, BAD_USER_INPUT) for error in result.errors), True)
    faults = tuple(resolver_fault(error) for error in result.errors)
    for error in result.errors:
        let_go(error)
    return Answer(result.data, faults, kind=kind)


async def _tolled(
    prepared: Prepared, operation_name: str | None, toll: Toll, variables: Mapping[str, object]
) -> tuple[Fault, ...]:
    refusal = await toll(prepared.estimates.get(_chosen(prepared, operation_name), NOTHING), variables)
    return () if refusal is None else (fault(refusal.message, refusal.code, **refusal.extensions),)


def _chosen(prepared: Prepared, operation_name: str | None) -> str | None:
    """The name of the operation that runs, once it is known that one does."""
    return operation_name if operation_name in prepared.kinds else next(iter(prepared.kinds), None)


def _off_path(prepared: Prepared, operation_name: str | None, path: ServingPath | None) -> tuple[Fault, ...]:
    if path is None:
        return ()
    name = _chosen(prepared, operation_name)
    found = offences(prepared.touched.get(name, ()), path)[:_ERRORS_TOLD_MAX]
    return tuple(
        _at(
            touch,
            fault(
                f"{touch.place} would make the {path.value} path wait for {_named(touch)}: {instead(touch)}.",
                off_path_code(touch, path),
                field=".".join(touch.path),
                coordinate=touch.coordinate,
            ),
        )
        for touch in found
    )


def _not_permitted(prepared: Prepared, operation_name: str | None, held: Held) -> tuple[Fault, ...]:
    asked = prepared.needed.get(_chosen(prepared, operation_name), ())
    found = lacking(asked, held)[:_ERRORS_TOLD_MAX] if asked else ()
    return tuple(
        _at(
            lack.at,
            fault(
                lack.message,
                lack.code,
                field=".".join(lack.at.path),
                coordinate=lack.at.coordinate,
                missingScopes=list(lack.scopes) or None,
            ),
        )
        for lack in found
    )


def _at(place: Place, told: Fault) -> Fault:
    return told | ({"locations": [{"line": place.line, "column": place.column}]} if place.line else {})


def _named(touch: Touch) -> str:
    return " and ".join(sorted(system.value for system in touch.served.systems))


def _kind(kinds: Mapping[str | None, OperationType], operation_name: str | None) -> OperationType | None:
    """What the chosen operation is; None when the choice is not clear (GraphQL, October 2021, 6.1: GetOperation)."""
    if operation_name is not None:
        return kinds.get(operation_name)
    return next(iter(kinds.values())) if len(kinds) == 1 else None


def _unresolved(kinds: Mapping[str | None, OperationType], operation_name: str | None) -> str:
    if not kinds:
        return "The document holds no operation."
    if operation_name is None:
        return "The document holds several operations; say which one in operationName."
    return f"The document holds no operation named '{operation_name}'."
