"""Running an operation, and what becomes of each kind of error."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import NewType

import pytest
import strawberry
import structlog
from graphql import GraphQLError, OperationType
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition
from structlog.testing import LogCapture

from domains.vocabulary import BreakerOpen, InvalidInput, RetailError, SystemRole, UpstreamThrottled
from gateway.engine import Answer, Engine

SECRET = "postgresql://erp:hunter2@10.0.0.7/stock"  # what a driver's exception text holds

Amount = NewType("Amount", Decimal)
Points = NewType("Points", int)


def _points(value: object) -> Points:
    if not isinstance(value, int) or value < 0:
        raise InvalidInput("points are a whole number from 0", ("points",))
    return Points(value)


@strawberry.input
class Line:
    sku: str
    quantity: int = 1


FAILURES: dict[str, Exception] = {
    "bug": RuntimeError(SECRET),
    "input": InvalidInput("quantity is at least 1", ("lines", 0, "quantity")),
    "throttled": UpstreamThrottled(SystemRole.CRM, "profile", SECRET, retry_after_s=3),
    "open": BreakerOpen(SystemRole.ERP, "stock", SECRET),
    "coded": GraphQLError("Sign in first.", extensions={"code": "UNAUTHENTICATED", "realm": "shop"}),
    "uncoded": GraphQLError(SECRET),
    "retail": RetailError(SECRET),
}


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, info: strawberry.Info[str, None]) -> str:
        return f"hello {info.context}"

    @strawberry.field
    async def fail(self, how: str) -> str | None:
        await asyncio.sleep(0)
        raise FAILURES[how]

    @strawberry.field
    def total(self, amount: Amount) -> str:
        return str(amount)

    @strawberry.field
    def spend(self, points: Points) -> str:
        return str(points)

    @strawberry.field
    def lines(self, lines: list[Line]) -> int:
        return sum(line.quantity for line in lines)

    @strawberry.field
    def sibling(self) -> Query:
        return Query()


@strawberry.type
class Mutation:
    @strawberry.mutation
    def sell(self) -> int:
        return 1


SCALARS: dict[object, ScalarDefinition] = {
    # As a plain scalar would be written: the parser's own exceptions come out.
    Amount: strawberry.scalar(name="Amount", serialize=str, parse_value=lambda value: Decimal(value) * 1),
    Points: strawberry.scalar(name="Points", serialize=int, parse_value=_points),
}
CONFIG = StrawberryConfig(scalar_map=SCALARS)
ENGINE = Engine(strawberry.Schema(Query, Mutation, config=CONFIG))


@pytest.fixture(autouse=True)
def logged() -> Iterator[LogCapture]:
    """Log events as dictionaries; nothing is printed."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture
    structlog.configure(**before)


async def run(text: str, name: str | None = None, **variables: object) -> Answer:
    return await ENGINE.run(text, variables, name, "Ann")


def first(answer: Answer) -> tuple[str, dict[str, object]]:
    """The message and the extensions of the first error."""
    message, extensions = answer.errors[0]["message"], answer.errors[0]["extensions"]
    assert isinstance(message, str)
    assert isinstance(extensions, dict)
    return message, extensions


async def test_context_and_variables_reach_resolvers() -> None:
    """Strawberry's info, input objects and defaults work as with its own execution."""
    answer = await run(
        "query Q($lines: [Line!]!) { hello lines(lines: $lines) }", lines=[{"sku": "a"}, {"sku": "b", "quantity": 4}]
    )
    assert answer == Answer({"hello": "hello Ann", "lines": 5}, kind=OperationType.QUERY)


@pytest.mark.parametrize("how", FAILURES)
async def test_an_error_that_was_told_holds_no_frames(how: str) -> None:
    """Nothing of the request is kept by an error whose fault is in the answer: only a collection would free it."""
    answer = await run("query Q($how: String!) { fail(how: $how) }", how=how)
    assert len(answer.errors) == 1
    assert FAILURES[how].__traceback__ is None


@pytest.mark.parametrize(
    ("how", "message", "extensions"),
    [
        ("input", "quantity is at least 1", {"code": "BAD_USER_INPUT", "inputPath": ["lines", 0, "quantity"]}),
        (
            "throttled",
            "CRM (profile) asks for fewer calls. Try again in 3 s.",
            {
                "code": "UPSTREAM_THROTTLED",
                "system": "CRM",
                "capability": "profile",
                "retryable": True,
                "retryAfterSeconds": 3,
            },
        ),
        (
            "open",
            "ERP (stock) has been failing and is not being asked. Try again in a moment.",
            {"code": "UPSTREAM_BREAKER_OPEN", "system": "ERP", "capability": "stock", "retryable": True},
        ),
        ("coded", "Sign in first.", {"code": "UNAUTHENTICATED", "realm": "shop"}),
    ],
)
async def test_errors_meant_for_clients(how: str, message: str, extensions: dict[str, object]) -> None:
    """Domain errors become their code, their public sentence and what a client can act upon, at their path."""
    answer = await run("query Q($how: String!) { sibling { fail(how: $how) } }", how=how)
    assert answer.data == {"sibling": {"fail": None}}
    assert first(answer) == (message, extensions)
    assert answer.errors[0]["path"] == ["sibling", "fail"]
    assert not answer.is_request_error


@pytest.mark.parametrize("how", ["bug", "uncoded", "retail"])
async def test_everything_else_is_masked_and_logged(how: str, logged: LogCapture) -> None:
    """A bug is one sentence to the client, and the exception itself to the log."""
    answer = await run("query Q($how: String!) { fail(how: $how) }", how=how)
    message, extensions = first(answer)
    assert message == "Something went wrong on our side. Quote the correlation id to the operator."
    assert extensions == {"code": "INTERNAL"}
    (entry,) = logged.entries
    assert SECRET in str(entry["exc_info"])


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query Q($lines: [Line!]!) { lines(lines: $lines) }", {}),
        ("query Q($lines: [Line!]!) { lines(lines: $lines) }", {"lines": [{"sku": 1}]}),
        ("query Q($lines: [Line!]!) { lines(lines: $lines) }", {"lines": [{"sku": "a", "colour": "red"}]}),
        ("query Q($points: Points!) { spend(points: $points) }", {"points": -1}),
    ],
)
async def test_bad_variables_are_a_request_error(text: str, variables: dict[str, object]) -> None:
    """Variables that cannot be coerced run nothing, and say which one is wrong."""
    answer = await ENGINE.run(text, variables, None, "Ann")
    message, extensions = first(answer)
    assert (answer.data, answer.is_request_error, extensions["code"]) == (None, True, "BAD_USER_INPUT")
    assert message.startswith("Variable '$")


async def test_no_message_is_longer_than_a_paragraph() -> None:
    """What quotes the request quotes its beginning and its end, and how numbers are read is not told."""
    by_name = await run("query A { hello }", "B" * 500_000)
    by_value = await run(f'{{ hello @include(if: "{"x" * 50_000}") }}')
    by_number = await run(f"{{ hello @include(if: {'9' * 50_000}) }}")
    for answer in (by_name, by_value, by_number):
        assert len(first(answer)[0]) < 700
        assert "set_int_max_str_digits" not in first(answer)[0]


@pytest.mark.parametrize("amount", ["x", "1e999999999"])
async def test_parsers_exceptions_are_not_quoted(amount: str) -> None:
    """`decimal.InvalidOperation` and the like are not for clients, in a variable or in the document."""
    by_variable = await run("query Q($amount: Amount!) { total(amount: $amount) }", amount=amount)
    by_literal = await run(f'{{ total(amount: "{amount}") }}')
    for answer in (by_variable, by_literal):
        assert first(answer)[0] == "A value in the request is not valid for its type."
        assert "decimal" not in str(answer.errors)


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        ("query A { hello } query B { hello }", None, "OPERATION_RESOLUTION_FAILURE"),
        ("query A { hello }", "B", "OPERATION_RESOLUTION_FAILURE"),
        ("{ hello }", "B", "OPERATION_RESOLUTION_FAILURE"),
        ("subscription { ticks }", None, "GRAPHQL_VALIDATION_FAILED"),
        ("fragment A on Query { hello }", None, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_which_operation_is_clear_or_said(text: str, name: str | None, code: str) -> None:
    """An operation that cannot be told, or that the schema has no root for, is refused before anything runs."""
    answer = await run(text, name)
    assert (answer.is_request_error, answer.code) == (True, code)


async def test_the_named_operation_runs() -> None:
    """Of several operations the named one runs."""
    answer = await run("query A { a: hello } query B { b: hello }", "B")
    assert answer.data == {"b": "hello Ann"}


@pytest.mark.parametrize("text", ["mutation { sell }", "query A { hello } mutation M { sell }", "mutation { nope }"])
async def test_only_queries_where_asked_for(text: str) -> None:
    """`only_query` refuses a mutation first of all, and lets the query of the same document run."""
    refused = await ENGINE.run(text, None, "M" if "M " in text else None, "Ann", only_query=True)
    assert refused.code == "METHOD_NOT_ALLOWED"
    if "A " in text:
        assert (await ENGINE.run(text, None, "A", "Ann", only_query=True)).data == {"hello": "hello Ann"}


async def test_parsed_and_validated_once() -> None:
    """However often a text is sent, it is prepared once."""
    engine = Engine(strawberry.Schema(Query, config=CONFIG))
    for _ in range(3):
        await engine.run("{ hello }", None, None, "Ann")
    assert len(engine.operations) == 1


def test_extensions_are_refused_at_the_start() -> None:
    """Hooks that would be skipped in silence are an error when the engine is made."""
    with pytest.raises(ValueError, match="no schema extensions"):
        Engine(strawberry.Schema(Query, config=CONFIG, extensions=[SchemaExtension]))


async def test_cancelling_reaches_the_resolvers() -> None:
    """Who cancels a run cancels its resolvers, side by side as they are, and none is left behind."""
    before = asyncio.all_tasks()
    ended: list[str] = []

    @strawberry.type
    class Slow:
        @strawberry.field
        async def wait(self, name: str) -> str:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)
            return name

    run = asyncio.ensure_future(
        Engine(strawberry.Schema(Slow)).run('{ a: wait(name: "a") b: wait(name: "b") }', None, None, None)
    )
    for _ in range(5):
        await asyncio.sleep(0)
    run.cancel()
    await asyncio.wait((run,), timeout=5)
    for _ in range(3):
        await asyncio.sleep(0)
    assert run.cancelled()
    assert sorted(ended) == ["a", "b"]
    assert asyncio.all_tasks() == before
