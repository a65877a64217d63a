"""A basket is set aside whole or not at all, as it was promised or with what has changed."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.inventory import (
    IllegalReservationState,
    InsufficientStock,
    InventoryReservation,
    PromiseChanged,
    PromiseChangeReason,
    Promises,
    ReleaseReservation,
    ReservationKind,
    ReservationNotFound,
    ReservationState,
    ReserveLine,
    ReserveStock,
    release,
    reserve,
)
from domains.vocabulary import (
    BackendUnavailable,
    BreakerOpen,
    IdempotencyConflict,
    IdempotencyKey,
    InvalidInput,
    LocationId,
    Sku,
    SystemRole,
    UpstreamRejected,
    UpstreamThrottled,
    UpstreamTimeout,
)
from tests.domains.inventory.desk import NOW, Desk, key, rejected


def line(sku: str, quantity: str, at: str | None = "store-001", token: str | None = None) -> ReserveLine:
    place = None if at is None else LocationId(at)
    return ReserveLine(sku=Sku(sku), quantity=Decimal(quantity), location_id=place, promise_token=token)


def basket(*lines: ReserveLine, once: str = "k1", **changes: Any) -> ReserveStock:
    return ReserveStock(lines=lines, idempotency_key=IdempotencyKey(once), audience="storefront", **changes)


def giving(id_: str, once: str = "r1") -> ReleaseReservation:
    return ReleaseReservation(reservation_id=id_, idempotency_key=IdempotencyKey(once))


@pytest.fixture
def desk() -> Desk:
    return Desk({key("A"): Decimal(5), key("B"): Decimal(2), key("A", None): Decimal(9)})


async def test_a_basket_is_reserved_softly_and_lines_of_one_item_are_summed(desk: Desk) -> None:
    """What goes to the OMS is one soft draft with one line for each item and place, in the basket's order."""
    command = basket(line("B", "1"), line("A", "2"), line("A", "1.5"), ttl_s=60, basket_reference="b-1")
    made = await reserve(desk.port(), command, NOW)
    assert isinstance(made, InventoryReservation)
    (draft,) = desk.drafts
    assert (draft.kind, draft.ttl_s, draft.basket_reference) == (ReservationKind.SOFT, 60, "b-1")
    assert [(one.sku, one.quantity) for one in draft.lines] == [("B", Decimal(1)), ("A", Decimal("3.5"))]


async def test_a_shortage_names_its_lines_and_what_there_is_now(desk: Desk) -> None:
    """Only the lines that fell short are told, summed by item; nothing is reserved for the others."""
    refusal = await reserve(desk.port(), basket(line("A", "3"), line("B", "1"), line("A", "3")), NOW)
    assert isinstance(refusal, InsufficientStock)
    (short,) = refusal.lines
    assert (short.sku, short.requested, short.fulfillable) == ("A", Decimal(6), False)
    assert short.best is not None
    assert short.best.value.available_to_promise == 5
    assert refusal.retryable is False
    assert desk.shelves[key("B")] == 2


async def test_a_shortage_that_has_passed_may_be_tried_again(desk: Desk) -> None:
    """When the figures say by now that everything fits, all lines are told and a repeat is worth it."""
    desk.error = rejected("INSUFFICIENT_STOCK")
    refusal = await reserve(desk.port(), basket(line("A", "1"), line("B", "1")), NOW)
    assert isinstance(refusal, InsufficientStock)
    assert refusal.retryable is True
    assert [one.sku for one in refusal.lines] == ["A", "B"]


async def test_a_shortage_stands_when_stock_cannot_be_read(desk: Desk) -> None:
    """Figures that cannot be read are left out; the refusal is the same."""
    desk.blind = UpstreamTimeout(SystemRole.OMS, "stock")
    refusal = await reserve(desk.port(), basket(line("A", "6")), NOW)
    assert isinstance(refusal, InsufficientStock)
    assert [(one.fulfillable, one.best) for one in refusal.lines] == [(None, None)]
    changed = await reserve(desk.port(), basket(line("A", "6", token="junk")), NOW)
    assert isinstance(changed, PromiseChanged)
    assert changed.differences[0].available is None


async def test_a_promise_is_kept_where_it_was_given(desk: Desk) -> None:
    """A line with a token is reserved at the token's place, named or not; less than was promised is fine."""
    token = desk.token(key("A"))
    made = await reserve(desk.port(), basket(line("A", "2", None, token), line("A", "3", token=token)), NOW)
    assert isinstance(made, InventoryReservation)
    assert [(one.location_id, one.quantity) for one in made.lines] == [("store-001", Decimal(5))]
    network = desk.token(key("A", None))
    assert isinstance(
        await reserve(desk.port(), basket(line("A", "9", None, network), once="k2"), NOW), InventoryReservation
    )


async def test_a_promise_whose_stock_has_gone_is_a_difference(desk: Desk) -> None:
    """Sold since: the buyer reads what was promised and what there is, and nothing is reserved."""
    token = desk.token(key("A"))
    desk.shelves[key("A")] = Decimal(1)
    changed = await reserve(desk.port(), basket(line("B", "1"), line("A", "5", token=token)), NOW)
    assert isinstance(changed, PromiseChanged)
    (difference,) = changed.differences
    assert (difference.line, difference.promised, difference.available) == (1, Decimal(5), Decimal(1))
    assert difference.reason is PromiseChangeReason.STOCK_GONE
    assert changed.path == ("input", "lines", "1", "promiseToken")
    assert desk.shelves[key("B")] == 2


async def test_what_was_added_to_a_promise_was_not_promised(desk: Desk) -> None:
    """A promise that still holds is not called broken because another line of the item asks for more."""
    token = desk.token(key("A"))
    refusal = await reserve(desk.port(), basket(line("A", "5", token=token), line("A", "1")), NOW)
    assert isinstance(refusal, InsufficientStock)


async def test_every_token_that_cannot_stand_is_told_without_asking_to_reserve(desk: Desk) -> None:
    """Junk, too old, of another item, place or audience, and too much: each has its reason and the figure of now."""
    good, foreign = desk.token(key("A")), desk.token(key("A"), "partner/acme")
    other = Promises.passing()
    wrong = [
        (line("A", "1", token="junk"), PromiseChangeReason.INVALID),
        (line("B", "1", token=good), PromiseChangeReason.DOES_NOT_FIT),
        (line("A", "1", "store-002", good), PromiseChangeReason.DOES_NOT_FIT),
        (line("A", "1", token=desk.token(key("A", None))), PromiseChangeReason.DOES_NOT_FIT),
        (line("A", "1", token=foreign), PromiseChangeReason.DOES_NOT_FIT),
        (line("A", "5.001", token=good), PromiseChangeReason.EXCEEDED),
    ]
    for one, reason in wrong:
        changed = await reserve(desk.port(), basket(one), NOW)
        assert isinstance(changed, PromiseChanged)
        (difference,) = changed.differences
        assert difference.reason is reason
        assert difference.available == desk.shelves.get(key(one.sku, one.location_id))
    late = await reserve(desk.port(), basket(line("A", "1", token=good)), NOW + timedelta(seconds=600))
    assert isinstance(late, PromiseChanged)
    assert late.differences[0].reason is PromiseChangeReason.EXPIRED
    changed = await reserve(replace(desk.port(), promises=other), basket(line("A", "1", token=good)), NOW)
    assert isinstance(changed, PromiseChanged)
    assert desk.drafts == []


async def test_two_tokens_promise_the_same_goods_once(desk: Desk) -> None:
    """Lines that share an item may not add up two promises of one shelf."""
    earlier = desk.token(key("A"))
    desk.shelves[key("A")] = Decimal(4)
    lines = line("A", "3", token=earlier), line("A", "3", token=desk.token(key("A")))
    changed = await reserve(desk.port(), basket(*lines), NOW)
    assert isinstance(changed, PromiseChanged)
    assert [(one.line, one.promised) for one in changed.differences] == [(0, Decimal(5)), (1, Decimal(4))]


async def test_a_key_reserves_once(desk: Desk) -> None:
    """A repeat gives the first answer, also after an answer that was lost; another basket is a conflict."""
    desk.error, desk.acts = UpstreamTimeout(SystemRole.OMS, "reservations"), True
    lost = await reserve(desk.port(), basket(line("A", "2")), NOW)
    assert isinstance(lost, BackendUnavailable)
    assert "may have done it" in lost.message
    desk.error = None
    for _ in range(2):
        made = await reserve(desk.port(), basket(line("A", "2")), NOW)
        assert isinstance(made, InventoryReservation)
    assert desk.shelves[key("A")] == 3
    assert isinstance(await reserve(desk.port(), basket(line("A", "1")), NOW), IdempotencyConflict)


@pytest.mark.parametrize("error", [BreakerOpen, UpstreamThrottled])
async def test_what_was_not_begun_says_so(desk: Desk, error: Any) -> None:
    """When the OMS was not reached the refusal says that nothing was changed, and when to come back."""
    desk.error = error(SystemRole.OMS, "reservations", retry_after_s=1.2)
    refused = await reserve(desk.port(), basket(line("A", "1")), NOW)
    assert isinstance(refused, BackendUnavailable)
    assert (refused.retry_after_seconds, refused.retryable) == (2, True)
    assert "Nothing was reserved" in refused.message
    refused = await release(desk.port(), giving("rsv-1"))
    assert isinstance(refused, BackendUnavailable)
    assert "still reserved" in refused.message


async def test_a_refusal_that_no_contract_names_is_loud(desk: Desk) -> None:
    """What the OMS may not say is an error and no made-up refusal."""
    desk.error = rejected("INVALID_BODY", 422)
    with pytest.raises(UpstreamRejected):
        await reserve(desk.port(), basket(line("A", "1")), NOW)
    with pytest.raises(UpstreamRejected):
        await release(desk.port(), giving("rsv-1"))


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (basket(), ("input", "lines")),
        (basket(*[line("A", "1")] * 101), ("input", "lines")),
        (basket(line("A", "1"), line("A", "0")), ("input", "lines", 1, "quantity")),
        (basket(line("A", "0.0001")), ("input", "lines", 0, "quantity")),
        (basket(line("A", "1"), ttl_s=59), ("input", "ttlSeconds")),
        (basket(line("A", "1"), ttl_s=3601), ("input", "ttlSeconds")),
    ],
)
async def test_baskets_that_nobody_could_take_are_wrong_input(
    desk: Desk, command: ReserveStock, path: tuple[object, ...]
) -> None:
    """Too many lines, quantities of nothing and times out of bounds point at their place, and reach no OMS."""
    with pytest.raises(InvalidInput) as wrong:
        await reserve(desk.port(), command, NOW)
    assert wrong.value.path == path
    assert desk.drafts == []


async def test_released_stock_can_be_reserved_again(desk: Desk) -> None:
    """A release gives everything back once; a repeat of it repeats its answer, another one is told the state."""
    made = await reserve(desk.port(), basket(line("A", "5")), NOW)
    assert isinstance(made, InventoryReservation)
    for _ in range(2):
        released = await release(desk.port(), giving(made.id))
        assert isinstance(released, InventoryReservation)
        assert released.state is ReservationState.RELEASED
    again = await release(desk.port(), giving(made.id, "r2"))
    assert isinstance(again, IllegalReservationState)
    assert again.state is ReservationState.RELEASED
    assert isinstance(await reserve(desk.port(), basket(line("A", "5"), once="k2"), NOW), InventoryReservation)


async def test_why_a_reservation_is_not_released(desk: Desk) -> None:
    """Unknown, gone into an order, of an unknown state, and a key of another request are told apart."""
    assert isinstance(await release(desk.port(), giving("none")), ReservationNotFound)
    made = await reserve(desk.port(), basket(line("A", "5")), NOW)
    assert isinstance(made, InventoryReservation)
    desk.error = rejected("ILLEGAL_TRANSITION")
    stale = await release(desk.port(), giving(made.id))
    assert isinstance(stale, IllegalReservationState)
    assert stale.state is ReservationState.UNKNOWN
    desk.held[made.id] = InventoryReservation(
        id=made.id, kind=made.kind, state=ReservationState.COMMITTED, lines=made.lines
    )
    ordered = await release(desk.port(), giving(made.id))
    assert isinstance(ordered, IllegalReservationState)
    assert ordered.state is ReservationState.COMMITTED
    assert "Cancel the order" in ordered.message
    desk.blind = UpstreamTimeout(SystemRole.OMS, "reservations")
    unread = await release(desk.port(), giving(made.id))
    assert isinstance(unread, IllegalReservationState)
    assert unread.state is ReservationState.UNKNOWN
    desk.error = rejected("IDEMPOTENCY_CONFLICT")
    assert isinstance(await release(desk.port(), giving(made.id)), IdempotencyConflict)


LINES = st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 4), st.booleans()), min_size=1, max_size=4)


@settings(max_examples=100)
@given(st.lists(st.tuples(LINES, st.booleans()), max_size=8))
async def test_no_more_is_ever_granted_than_there_is(baskets: list[tuple[list[tuple[str, int, bool]], bool]]) -> None:
    """Whatever is reserved, with promises or without, and released, a shelf never goes below nothing."""
    desk = Desk({key("A"): Decimal(6), key("B"): Decimal(3)})
    tokens = {sku: desk.token(key(sku)) for sku in "AB"}
    port = desk.port()
    open_: list[str] = []
    for number, (lines, give_back) in enumerate(baskets):
        asked = [line(sku, str(quantity), token=tokens[sku] if sure else None) for sku, quantity, sure in lines]
        made = await reserve(port, basket(*asked, once=f"k{number}"), NOW)
        assert isinstance(made, InventoryReservation | InsufficientStock | PromiseChanged)
        if isinstance(made, InventoryReservation):
            open_.append(made.id)
        if give_back and open_:
            await release(port, giving(open_.pop(), f"r{number}"))
        assert min(desk.shelves.values()) >= 0
        held = [one for id_ in open_ for one in desk.held[id_].lines]
        for sku, there in (("A", 6), ("B", 3)):
            assert sum(one.quantity for one in held if one.sku == sku) == there - desk.shelves[key(sku)]
