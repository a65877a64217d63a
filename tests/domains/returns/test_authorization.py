"""A return is authorized where policy allows it, or the refusal says what is in the way."""

from datetime import timedelta

import pytest

from domains.returns import (
    AuthorizeReturn,
    ItemNotReturnable,
    MethodNotOffered,
    NonReturnableReason,
    OrderNotFound,
    QuantityExceeded,
    RefundType,
    ReturnAuthorization,
    ReturnDraft,
    ReturnFee,
    ReturnMethod,
    ReturnPolicy,
    ReturnWindowExpired,
    SaleLine,
    authorize,
    name_of_return,
    request,
)
from domains.vocabulary import (
    IdempotencyKey,
    InvalidInput,
    LocationId,
    OrderId,
    Refusal,
    Sku,
)
from tests.domains.returns.desk import MAIL, NOW, ORDER, STORE, Desk, at_desk, back, command, desk, euros, policy, sold

KIOSK = ReturnMethod.RETURN_AT_KIOSK


async def refused(at: Desk, ask: AuthorizeReturn) -> Refusal:
    """The refusal, given before the OMS was asked to record anything."""
    answer = await authorize(at.port(), ask, NOW)
    assert isinstance(answer, Refusal)
    assert at.records == []
    return answer


async def test_an_allowed_return_is_recorded_with_its_key() -> None:
    """The OMS gets lines, method, store, refund and fees under the key; only the policies concerned are read."""
    at = Desk((sold("1"), sold("2"), sold("3")), (policy("1", restocking_fee=euros("0.50")), policy("2")))
    lines = (back("2", "3"), back("1", "2"))
    answer = await authorize(at.port(), at_desk(*lines), NOW)
    assert isinstance(answer, ReturnAuthorization)
    assert at.asked_policies == {"SKU-1", "SKU-2"}
    draft = ReturnDraft(
        return_id=name_of_return(IdempotencyKey("key-1")).id,
        order_id=ORDER,
        lines=lines,
        method=STORE,
        refund_type=RefundType.FULL_REFUND,
        estimated_refund=euros("15.66"),
        fees=(ReturnFee(reason="RESTOCKING", amount=euros("1.00")),),
        authorized_at=LocationId("store-007"),
    )
    assert at.records == [(draft, "key-1")]


async def test_an_unknown_total_leaves_the_refund_unknown() -> None:
    """A refund of some of the lines would be wrong, so none is estimated."""
    at = desk(sold("1"), sold("2", total=None))
    await authorize(at.port(), command(back("1"), back("2")), NOW)
    assert at.records[0][0].estimated_refund is None


@pytest.mark.parametrize(
    ("ask", "path"),
    [
        (command(), ("input", "lines")),
        (command(*[back(str(number)) for number in range(101)]), ("input", "lines")),
        (command(back("1"), back("2"), back("1")), ("input", "lines", 2, "orderLineId")),
        (command(back("1"), back("2", "0")), ("input", "lines", 1, "quantity")),
        (command(back("1", "-1")), ("input", "lines", 0, "quantity")),
        (command(back("1"), back("404")), ("input", "lines", 1, "orderLineId")),
    ],
)
async def test_input_that_no_order_could_allow_raises(ask: AuthorizeReturn, path: tuple[str | int, ...]) -> None:
    """Nothing to return, too much of it, twice the same, none of it and unknown lines point at the place."""
    at = desk()
    with pytest.raises(InvalidInput) as caught:
        await authorize(at.port(), ask, NOW)
    assert caught.value.path == path
    assert at.records == []


async def test_a_refund_that_is_not_given_is_wrong_input() -> None:
    """A refund type outside the policy raises and names those inside; a policy that names none allows any."""
    at = desk()
    at.rules[Sku("SKU-1")] = policy("1", refund_types=(RefundType.STORE_CREDIT_REFUND,))
    with pytest.raises(InvalidInput, match="STORE_CREDIT_REFUND") as caught:
        await authorize(at.port(), command(back("2"), back("1")), NOW)
    assert caught.value.path == ("input", "refundType")
    allowed = command(back("1"), refund_type=RefundType.STORE_CREDIT_REFUND)
    assert isinstance(await authorize(at.port(), allowed, NOW), ReturnAuthorization)


async def test_an_unknown_order_is_refused() -> None:
    """An order the OMS does not know has nothing to return."""
    refusal = await refused(desk(), command(back(), order_id=OrderId("ord-404")))
    assert isinstance(refusal, OrderNotFound)
    assert refusal.path == ("input", "orderId")


async def test_a_closed_window_says_when_it_closed() -> None:
    """The refusal holds the moment, and points at the line."""
    at = desk(sold("1"), sold("2", delivered_at=NOW - timedelta(days=31)))
    refusal = await refused(at, command(back("1"), back("2")))
    assert isinstance(refusal, ReturnWindowExpired)
    assert refusal.expired_at == NOW - timedelta(days=1)
    assert refusal.path == ("input", "lines", "1", "orderLineId")


@pytest.mark.parametrize(
    ("line", "rules", "reason"),
    [
        (sold("1", fulfilled=0), policy("1"), NonReturnableReason.UNFULFILLED),
        (sold("1", returned=3), policy("1"), NonReturnableReason.ALREADY_RETURNED),
        (sold("1"), policy("1", final_sale=True), NonReturnableReason.FINAL_SALE),
        (sold("1"), policy("2"), NonReturnableReason.OTHER),
        (sold("1", open_returns=3), policy("1", final_sale=True), NonReturnableReason.ALREADY_RETURNED),
    ],
)
async def test_an_item_that_may_not_come_back_says_why(
    line: SaleLine, rules: ReturnPolicy, reason: NonReturnableReason
) -> None:
    """Each reason of the verdict is the refusal's reason."""
    refusal = await refused(Desk((line,), (rules,)), command(back("1")))
    assert isinstance(refusal, ItemNotReturnable)
    assert refusal.reason is reason


async def test_more_than_is_left_says_how_much_is() -> None:
    """The refusal holds what may still come back, and points at the quantity."""
    refusal = await refused(desk(sold("1", returned=1)), command(back("1", "2.5")))
    assert isinstance(refusal, QuantityExceeded)
    assert refusal.available == 2
    assert refusal.path == ("input", "lines", "0", "quantity")


async def test_a_method_must_suit_every_item() -> None:
    """The refusal offers the methods that all items share; a policy that names none does not limit them."""
    at = desk(sold("1"), sold("2"), sold("3"))
    at.rules[Sku("SKU-2")] = policy("2", methods=(KIOSK, MAIL))
    at.rules[Sku("SKU-3")] = policy("3", methods=())
    refusal = await refused(at, at_desk(back("1"), back("2"), back("3")))
    assert isinstance(refusal, MethodNotOffered)
    assert refusal.offered == (MAIL,)
    at.rules[Sku("SKU-2")] = policy("2", methods=(KIOSK,))
    refusal = await refused(at, at_desk(back("1"), back("2")))
    assert isinstance(refusal, MethodNotOffered)
    assert refusal.offered == ()
    assert "separately" in refusal.message


async def test_the_first_line_in_the_way_is_named() -> None:
    """Of several obstacles the first line's is told, and a line's before the method's."""
    at = desk(sold("1", returned=1), sold("2", delivered_at=NOW - timedelta(days=31)))
    wrong = {"method": KIOSK}
    assert isinstance(await refused(at, at_desk(back("1", "3"), back("2"), **wrong)), QuantityExceeded)
    assert isinstance(await refused(at, at_desk(back("2"), back("1", "3"), **wrong)), ReturnWindowExpired)
    assert isinstance(await refused(at, at_desk(back("1"), **wrong)), MethodNotOffered)


@pytest.mark.parametrize("method", [STORE, KIOSK, ReturnMethod.KEEP_PRODUCT])
async def test_customers_authorize_returns_by_mail_alone(method: ReturnMethod) -> None:
    """A customer who chooses another method is told to send the goods back; somebody at a desk may choose it."""
    refusal = await refused(desk(), command(back(), method=method))
    assert isinstance(refusal, MethodNotOffered)
    assert refusal.offered == (MAIL,)


async def test_a_request_is_judged_and_noted() -> None:
    """Who asks for a return is refused as who authorizes it, by any method; what is allowed reaches the OMS unnamed."""
    late = desk(sold("1", delivered_at=NOW - timedelta(days=31)))
    assert isinstance(await request(late.port(), command(back()), NOW), ReturnWindowExpired)
    assert late.records == []
    at = desk()
    assert isinstance(await request(at.port(), command(back(), method=STORE), NOW), ReturnAuthorization)
    ((draft, key),) = at.records
    assert (draft.return_id, draft.method, key) == (None, STORE, "key-1")
