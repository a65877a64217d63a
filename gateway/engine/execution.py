"""Runs an operation: prepared once per text, executed once per request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeGuard, cast

import msgspec
import strawberry
from graphql import ASTValidationRule, DocumentNode, ExecutionResult, GraphQLSchema, OperationType, execute
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from domains.vocabulary import ServingPath
from gateway.engine.compiled import Ground, Tracer, stage_log
from gateway.engine.faults import BAD_USER_INPUT, Fault, code_of, let_go, request_fault, resolver_fault
from gateway.engine.operations import DEFAULT_SIZES, CacheSizes, Operations
from gateway.engine.refusing import TOLD_MAX, Toll, chosen, kind_of, not_permitted, off_path, refusal, tolled
from gateway.limits import DEFAULT_LIMITS, NOTHING, DocumentGuard, DocumentLimits, Priced
from gateway.paths import Declared
from gateway.permits import NOBODY, Held

# Strawberry's check, which it declares as a plain bool; graphql-core wants it to narrow the type.
_is_awaitable = cast("Callable[[object], TypeGuard[Awaitable[object]]]", optimized_is_awaitable)


# A struct, which is made in a fifth of the time of a frozen dataclass: there is one for each operation.
class Answer(msgspec.Struct, frozen=True):
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
        tracer: Tracer | None = None,
    ) -> None:
        """`view` is a part of `schema` to stand on instead of the whole; `compiled` whether operations that come again
        are compiled. Their stages are told to `tracer`, by default to the log if that has lines for debugging."""
        if schema.get_extensions():
            raise ValueError("the engine runs no schema extensions and no operation directives: register none")
        graphql_schema: GraphQLSchema = view or schema._schema  # noqa: SLF001  Strawberry has no other way to its GraphQL schema
        self._schema = graphql_schema
        self._executor_class = schema.execution_context_class
        self._suggestions = suggestions
        # Whoever brings an executor of their own means it to be asked.
        compiled = compiled and schema.execution_context_class is StrawberryGraphQLCoreExecutionContext
        ground = Ground.of(
            schema,
            graphql_schema,
            hide_suggestions=not suggestions,
            coercion_errors_max=TOLD_MAX,
            tracer=tracer or stage_log(),
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
        if operation_name in prepared.anybodys:
            name = prepared.anybodys[operation_name]
            refused = off_path(prepared, name, path)
        else:
            refused = refusal(
                prepared,
                operation_name,
                only_query=only_query and occasion is None,
                may_introspect=may_introspect,
                streams=occasion is not None,
            )
            name = chosen(prepared, operation_name)
            refused = refused or off_path(prepared, name, path) or not_permitted(prepared, name, held)
        if not refused and toll is not None:
            refused = tolled(await toll(prepared.estimates.get(name, NOTHING), variables or {}))
        if refused or prepared.document is None:
            return Answer(None, refused, is_request_error=True)
        result: ExecutionResult | None = None
        if prepared.plans is not None:
            result = await prepared.plans.run(name, variables or {}, context, occasion, comes_again=comes_again)
        if result is None:
            result = await self._execute(prepared.document, variables, operation_name, context, occasion)
        return _told(result, prepared.kinds[name])

    def kind(self, text: str, operation_name: str | None) -> OperationType | None:
        """What kind of operation would run; None when that is not clear, or the text is no document."""
        return kind_of(self.operations.prepare(text).kinds, operation_name)

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
            max_coercion_errors=TOLD_MAX,
            executor_class=self._executor_class,
            is_awaitable=_is_awaitable,
            hide_suggestions=not self._suggestions,
            operation_extensions=None,
        )
        return result if isinstance(result, ExecutionResult) else await result


def _told(result: ExecutionResult, kind: OperationType | None) -> Answer:
    if not result.errors:
        return Answer(result.data, kind=kind)
    if result.data is None and all(error.path is None for error in result.errors):
        return Answer(None, tuple(request_fault(error, BAD_USER_INPUT) for error in result.errors), True)
    faults = tuple(resolver_fault(error) for error in result.errors)
    for error in result.errors:
        let_go(error)
    return Answer(result.data, faults, kind=kind)
