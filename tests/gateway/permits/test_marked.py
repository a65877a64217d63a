"""Every marked field of the schema, for callers of every kind: refused to who lacks what it asks, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from graphql import parse, validate

from gateway.engine import Answer, Engine
from gateway.limits import Estimate, Refusal
from gateway.permits import NOBODY, Held, Needs, held_by, needs_in
from gateway.schema import build_schema
from resolvers.context import Caller
from tests.gateway.permits.shortest import shortest
from tests.resolvers.world import ADA, ASSOCIATE, GUEST, OPERATIONS, granted

SCHEMA = build_schema()
NEEDS: Needs = needs_in(SCHEMA._schema)
ENGINE = Engine(SCHEMA)
SCOPES = frozenset(scope for need in NEEDS.values() for way in need.scopes for scope in way)
VISITOR = Caller(subject="anonymous", audience="storefront")
CALLERS = {
    "visitor": NOBODY,
    "customer": granted(ADA),
    "guest with a token": granted(GUEST),
    "partner": granted(Caller("key:acme", "partner")),
    "associate": granted(ASSOCIATE),
    "operations": granted(OPERATIONS),
    **{f"somebody with {scope}": Held(True, frozenset({scope})) for scope in sorted(SCOPES)},
}


async def stop(_: Estimate, __: Mapping[str, object]) -> Refusal:
    """Nothing runs here: it is enough that it would have."""
    return Refusal("WOULD_RUN", "would have run")


async def sent(text: str, held: Held) -> Answer:
    return await ENGINE.run(text, None, None, None, toll=stop, held=held)


def test_there_are_marked_fields_of_every_sort() -> None:
    """The books, the slow writes, the desk and the till are among them."""
    assert {"Order.financialSummary", "Query.flows", "Mutation.returnReceive", "Mutation.orderCancel"} <= NEEDS.keys()
    assert {"operations:read", "operations:write", "finance:read", "returns:authorize", "loyalty:capture"} == SCOPES


@pytest.mark.parametrize("coordinate", sorted(NEEDS))
@pytest.mark.parametrize("who", CALLERS)
async def test_a_marked_field_is_for_those_who_hold_what_it_asks(coordinate: str, who: str) -> None:
    """Alone in a document it is refused with its name and what is missing, or it would have run."""
    text, need, held = shortest(SCHEMA._schema, coordinate), NEEDS[coordinate], CALLERS[who]
    assert not validate(SCHEMA._schema, parse(text)), text
    may = (not need.authenticated or held.identified) and (
        not need.scopes or any(way <= held.scopes for way in need.scopes)
    )
    answer = await sent(text, held)
    if may:
        assert answer.code == "WOULD_RUN"
        return
    assert answer.code == ("FORBIDDEN" if held.identified else "UNAUTHENTICATED")
    assert (answer.data, answer.is_request_error) == (None, True)
    (error,) = answer.errors
    extensions = error["extensions"]
    assert isinstance(extensions, dict)
    assert extensions["coordinate"] == coordinate
    assert set(extensions.get("missingScopes", ())) == set().union(*need.scopes)


@pytest.mark.parametrize(
    "text",
    [
        '{ product(sku: "SKU-1") { name availability { status } } me { email orders { nodes { id } } } }',
        'mutation { inventoryReservationCreate(input: {lines: [{sku: "S", quantity: "1"}]}) { __typename } }',
        """mutation { orderSubmit(input: {
            lines: [{sku: "S", quantity: "1", unitPrice: {amount: "1", currencyCode: "EUR"}}],
            total: {amount: "1", currencyCode: "EUR"}, email: "a@b.c"}) { __typename } }""",
        '{ orderByNumber(orderNumber: "R1", email: "a@b.c") { status returns { rmaNumber } } }',
    ],
)
async def test_a_shop_without_an_account_goes_on(text: str) -> None:
    """Browsing, baskets, reservations, a guest's order and a guest's proof ask nobody who they are."""
    answer = await sent(text, held_by(VISITOR))
    assert answer.code == "WOULD_RUN", answer.errors


async def test_all_places_are_named_and_no_more_than_can_be_read() -> None:
    """Every place of a large document is an error of its own, up to twenty."""
    some = await sent(
        '{ a: order(id: "1") { x: erpPosting { state } y: financialSummary { tax { amount } } } }', NOBODY
    )
    assert [error["extensions"]["field"] for error in some.errors] == ["a.x", "a.y"]  # type: ignore[index]  # a mapping
    many = " ".join(f'a{place}: order(id: "1") {{ erpPosting {{ state }} }}' for place in range(25))
    assert len((await sent(f"{{ {many} }}", NOBODY)).errors) == 20


async def test_the_operation_that_runs_is_judged_and_not_its_neighbours() -> None:
    """Of several operations in one document only the chosen one counts."""
    text = "query Shop { __typename } query Desk { flows { nodes { id } } }"
    assert (await ENGINE.run(text, None, "Shop", None, toll=stop)).code == "WOULD_RUN"
    assert (await ENGINE.run(text, None, "Desk", None, toll=stop)).code == "UNAUTHENTICATED"
