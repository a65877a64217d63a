"""Characters that nobody can see, in texts that go to systems and to our own books."""

from __future__ import annotations

import pytest

from tests.resolvers.world import ADA, OPERATIONS, World

ORDER = (
    '{lines: [{sku: "s", quantity: "1", unitPrice: {amount: "1.00", currencyCode: "EUR"}}], total: {amount: "1.00", \
currencyCode: "EUR"}, %s}'
)
RETURN = '{orderId: "o-1", lines: [{orderLineId: "1", quantity: "1", reason: STYLE, note: "a\\u0000"}], \
method: RETURN_BY_MAIL, refundType: FULL_REFUND, idempotencyKey: "k"}'


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ('{ flows(filter: {kind: "a\\u0000"}) { nodes { id } } }', ["filter", "kind"]),
        ('{ flows(filter: {subject: "a\\u0000"}) { nodes { id } } }', ["filter", "subject"]),
        ('{ flows(filter: {correlationId: "a\\u0000"}) { nodes { id } } }', ["filter", "correlationId"]),
        ('{ reconciliations(subject: "a\\u0000") { nodes { id } } }', ["subject"]),
        (f"mutation {{ orderSubmit(input: {ORDER}) {{ __typename }} }}" % 'email: "a\\u0000@b.c", idempotencyKey: "k"',
         ["input", "email"]),
        (f"mutation {{ orderSubmit(input: {ORDER}) {{ __typename }} }}" % 'idempotencyKey: "k\\u0000"',
         ["input", "idempotencyKey"]),
        (f"mutation {{ returnAuthorize(input: {RETURN}) {{ __typename }} }}", ["input", "lines", 0, "note"]),
    ],
)  # fmt: skip
async def test_a_null_byte_is_wrong_input(world: World, document: str, path: list[str | int]) -> None:
    """It is told as the sender's mistake, at its place, and not as an outage of a database that refuses it."""
    answer = await world.ask(document, ADA if "mutation" in document else OPERATIONS)
    assert answer.code == "BAD_USER_INPUT", answer
    assert world.written == []
    (error,) = answer.errors
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "inputPath": path}
