"""Reservations and promises at the counter: what buyers may do, and whose a reservation is."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from domains.inventory import (
    AvailabilitySemantics,
    PromiseKeys,
    Promises,
    ReservationDraft,
    SigningKey,
    StockKey,
    StockPosition,
)
from domains.vocabulary import BreakerOpen, SystemRole, UpstreamError, UpstreamRejected, UpstreamTimeout
from gateway.identity import ANONYMOUS
from resolvers.context import Caller
from resolvers.reservation import BEARER
from tests.resolvers.goods import NOW
from tests.resolvers.world import ADA, ASSOCIATE, BOB, PROMISES, World

REFUSAL = "... on Refusal { code message path retryable }"
CREATE = f"""mutation($input: InventoryReservationCreateInput!) {{ inventoryReservationCreate(input: $input) {{
  __typename {REFUSAL}
  ... on InventoryReservation {{ id kind state expiresAt lines {{ sku quantity location {{ id }} }} }}
  ... on InsufficientStock {{ lines {{ sku requested fulfillable best {{ availableToPromise location {{ id }} }} }} }}
  ... on PromiseChanged {{ differences {{ line sku locationId promised available reason }} }} }} }}"""
RELEASE = f"""mutation($input: InventoryReservationReleaseInput!) {{ inventoryReservationRelease(input: $input) {{
  __typename {REFUSAL}
  ... on InventoryReservation {{ id state }} ... on IllegalReservationState {{ state }} }} }}"""
TOKEN = '{ product(sku: "SKU-1") { availability(locations: ["store-001"]) { promiseToken } } }'
NODE = "query($id: ID!) { node(id: $id) { id ... on InventoryReservation { state } } }"


def basket(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"lines": list(lines) or [line()], "idempotencyKey": "k1"} | changes


def line(**changes: Any) -> dict[str, Any]:
    return {"sku": "SKU-1", "quantity": "2", "locationId": "Location:store-001"} | changes


def giving(id_: str) -> dict[str, Any]:
    return {"reservationId": id_, "idempotencyKey": "k1"}


def rejected(reason: str) -> UpstreamRejected:
    return UpstreamRejected(SystemRole.OMS, "reservations", status=409, reason=reason)


async def create(world: World, caller: Caller = ADA, **changes: Any) -> dict[str, Any]:
    data = await world.data(CREATE, caller, input=basket(**changes))
    answer: dict[str, Any] = data["inventoryReservationCreate"]
    return answer


async def promised(world: World, caller: Caller = ADA) -> Any:
    data = await world.data(TOKEN, caller)
    return data["product"]["availability"][0]["promiseToken"]


async def test_a_basket_is_reserved(world: World) -> None:
    """A shopper's basket is set aside at the OMS for the time they asked, under a key of their own."""
    answer = await create(world, ttlSeconds=120, basketReference="b-1")
    assert answer["kind"] == "SOFT"
    assert answer["state"] == "CREATED"
    assert answer["expiresAt"] == "2026-03-01T12:02:00Z"
    assert answer["lines"] == [{"sku": "SKU-1", "quantity": "2", "location": {"id": "Location:store-001"}}]
    ((draft, key),) = world.written
    assert isinstance(draft, ReservationDraft)
    assert (draft.ttl_s, draft.basket_reference) == (120, "b-1")
    assert key != "k1"


async def test_a_shortage_says_what_there_is(world: World) -> None:
    """InsufficientStock names the lines that fell short and the figures of now."""
    world.write_error = rejected("INSUFFICIENT_STOCK")
    answer = await create(world, lines=[line(quantity="8"), line(sku="SKU-2", quantity="1")])
    assert answer["__typename"] == "InsufficientStock"
    assert answer["path"] == ["input", "lines"]
    best = {"availableToPromise": "7", "location": {"id": "Location:store-001"}}
    assert answer["lines"] == [{"sku": "SKU-1", "requested": "8", "fulfillable": False, "best": best}]


async def test_a_promise_is_honoured_where_it_was_given(world: World) -> None:
    """A token that an availability handed out binds a line to its place."""
    token = await promised(world)
    answer = await create(world, lines=[{"sku": "SKU-1", "quantity": "7", "promiseToken": token}])
    assert answer["lines"][0]["location"] == {"id": "Location:store-001"}


async def test_a_changed_promise_is_a_typed_difference(world: World) -> None:
    """A token of another audience, or whose stock has gone, is answered with what was promised and what there is."""
    token = await promised(world, ASSOCIATE)
    answer = await create(world, lines=[line(promiseToken=token)])
    (difference,) = answer["differences"]
    assert (answer["__typename"], difference["reason"]) == ("PromiseChanged", "DOES_NOT_FIT")
    assert world.written == []
    world.write_error = rejected("INSUFFICIENT_STOCK")
    token = await promised(world)
    world.fakes()["inventory.stock"].answers = partial(_shelf, Decimal(3))
    lines = [line(sku="SKU-2"), line(promiseToken=token, locationId=None, quantity="7")]
    answer = await create(world, lines=lines, idempotencyKey="k2")
    assert answer["path"] == ["input", "lines", "1", "promiseToken"]
    assert answer["differences"] == [
        {
            "line": 1,
            "sku": "SKU-1",
            "locationId": "Location:store-001",
            "promised": "7",
            "available": "3",
            "reason": "STOCK_GONE",
        }
    ]


def _shelf(figure: Decimal | None, key: StockKey) -> StockPosition:
    return StockPosition(
        sku=key.sku,
        location_id=key.location_id,
        semantics=AvailabilitySemantics.SELLABLE,
        available_to_promise=figure,
    )


async def test_a_token_says_nothing_more_than_was_shown(world: World) -> None:
    """The claims are the position that was answered, for the audience that asked, for ten minutes."""
    claims = PROMISES.verify(await promised(world), NOW)
    assert getattr(claims, "sku", None) == "SKU-1"
    assert getattr(claims, "location_id", None) == "store-001"
    assert getattr(claims, "quantity", None) == 7
    assert getattr(claims, "audience", None) == "storefront"
    assert getattr(claims, "expires_at", None) == (NOW + timedelta(minutes=10)).timestamp()


async def test_what_cannot_be_promised_has_no_token(world: World) -> None:
    """Nothing there, or nothing known, is no promise."""
    for figure in (None, Decimal(0)):
        world.fakes()["inventory.stock"].answers = partial(_shelf, figure)
        assert await promised(world) is None


@pytest.mark.parametrize("caller", [ADA, ANONYMOUS])
async def test_a_reservation_is_released_by_whoever_made_it(world: World, caller: Caller) -> None:
    """The id that was given is good for a release; the OMS reads its own id."""
    made = await create(world, caller)
    data = await world.data(RELEASE, caller, input=giving(made["id"]))
    assert data["inventoryReservationRelease"]["state"] == "RELEASED"
    assert data["inventoryReservationRelease"]["id"] == made["id"]
    assert world.written[-1][0] == "rsv-9"


@pytest.mark.parametrize("spoil", [lambda id_: id_, lambda _: "rsv-9", lambda _: "InventoryReservation:rsv-9"])
async def test_a_strangers_reservation_is_not_there(world: World, spoil: Callable[[str], str]) -> None:
    """Neither a stranger's public id nor the OMS's own lets anybody release it or see it."""
    made = await create(world, ADA)
    written = len(world.written)
    for caller in (BOB, ANONYMOUS):
        data = await world.data(RELEASE, caller, input=giving(spoil(made["id"])))
        assert data["inventoryReservationRelease"]["__typename"] == "ReservationNotFound"
    assert len(world.written) == written
    assert await world.data(NODE, BOB, id="InventoryReservation:rsv-1") == {"node": None}


async def test_what_a_visitor_reserved_outlives_the_log_in(world: World) -> None:
    """An id that was given to a visitor is a secret: whoever brings it is taken for them."""
    assert f"subject:{ANONYMOUS.subject}" == BEARER
    made = await create(world, ANONYMOUS)
    data = await world.data(RELEASE, ADA, input=giving(made["id"]))
    assert data["inventoryReservationRelease"]["state"] == "RELEASED"


async def test_a_customer_is_the_owner_whichever_token_they_hold(world: World) -> None:
    """Two subjects of one customer are one owner."""
    made = await create(world, ADA)
    phone = Caller(subject="phone", audience="mobile", customer_id=ADA.customer_id)
    data = await world.data(RELEASE, phone, input=giving(made["id"]))
    assert data["inventoryReservationRelease"]["state"] == "RELEASED"


async def test_a_reservation_is_found_again_by_its_owner_and_at_the_desk(world: World) -> None:
    """`node` finds a reservation for its owner by the sealed id, and for an associate by any."""
    mine = "InventoryReservation:" + PROMISES.seal("rsv-1", "customer:cust-00001")
    assert await world.data(NODE, ADA, id=mine) == {"node": {"id": mine, "state": "CREATED"}}
    bare = {"node": {"id": "InventoryReservation:rsv-1", "state": "CREATED"}}
    assert await world.data(NODE, ASSOCIATE, id=mine) == bare
    assert await world.data(NODE, ASSOCIATE, id="InventoryReservation:rsv-1") == bare
    assert await world.data(NODE, BOB, id=mine) == {"node": None}


async def test_ids_outlive_one_change_of_keys(world: World) -> None:
    """After a key was changed, ids and tokens of the one before are still good."""
    token, made = await promised(world), await create(world)
    new = SigningKey("k2", b"x" * 32)
    after = World()
    after.inventory = _with(after, Promises(PromiseKeys(new, PROMISES.keys.current)))
    assert "lines" in await create(after, lines=[line(promiseToken=token)])
    data = await after.data(RELEASE, ADA, input=giving(made["id"]))
    assert data["inventoryReservationRelease"]["state"] == "RELEASED"


def _with(world: World, promises: Promises) -> Any:
    return type(world.inventory)(**(vars(world.inventory) | {"promises": promises}))


@pytest.mark.parametrize(
    ("error", "type_name"),
    [
        (rejected("INSUFFICIENT_STOCK"), "InsufficientStock"),
        (rejected("IDEMPOTENCY_CONFLICT"), "IdempotencyConflict"),
        (UpstreamTimeout(SystemRole.OMS, "reservations"), "BackendUnavailable"),
        (BreakerOpen(SystemRole.OMS, "reservations"), "BackendUnavailable"),
        (None, "InventoryReservation"),
    ],
)
async def test_every_answer_of_a_create_is_a_member(world: World, error: UpstreamError | None, type_name: str) -> None:
    """What the OMS may refuse is a member of the result, and no error."""
    world.write_error = error
    assert (await create(world))["__typename"] == type_name


@pytest.mark.parametrize(
    ("reason", "type_name"),
    [
        ("RESERVATION_NOT_FOUND", "ReservationNotFound"),
        ("ILLEGAL_TRANSITION", "IllegalReservationState"),
        ("IDEMPOTENCY_CONFLICT", "IdempotencyConflict"),
        (None, "InventoryReservation"),
    ],
)
async def test_every_answer_of_a_release_is_a_member(world: World, reason: str | None, type_name: str) -> None:
    """A release answers the reservation, or a typed refusal."""
    world.write_error = rejected(reason) if reason else None
    data = await world.data(RELEASE, ASSOCIATE, input=giving("rsv-1"))
    assert data["inventoryReservationRelease"]["__typename"] == type_name


WRONG: list[tuple[str, dict[str, Any], list[str | int]]] = [
    (CREATE, basket(ttlSeconds=59), ["input", "ttlSeconds"]),
    (CREATE, basket(ttlSeconds=3601), ["input", "ttlSeconds"]),
    (CREATE, basket(lines=[]), ["input", "lines"]),
    (CREATE, basket(idempotencyKey=""), ["input", "idempotencyKey"]),
    (CREATE, basket(line(), line(sku="")), ["input", "lines", 1, "sku"]),
    (CREATE, basket(line(quantity="0")), ["input", "lines", 0, "quantity"]),
    (CREATE, basket(line(locationId="Order:1")), ["input", "lines", 0, "locationId"]),
    (RELEASE, giving("Order:1"), ["input", "reservationId"]),
]


@pytest.mark.parametrize(("document", "given", "path"), WRONG)
async def test_wrong_input_is_told_with_its_place(
    world: World, document: str, given: dict[str, Any], path: list[str | int]
) -> None:
    """Input that nothing could accept is BAD_USER_INPUT with its place, and nothing is written."""
    answer = await world.ask(document, ADA, input=given)
    (error,) = answer.errors
    extensions: Any = error["extensions"]
    assert extensions["code"] == "BAD_USER_INPUT"
    assert path in extensions.values()
    assert world.written == []
