"""What may come back, until when, and for how much."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.returns import NonReturnableReason, ReturnableLine, ReturnPolicy, Sale, SaleLine, returnable_lines
from domains.vocabulary import Money, OrderId, Sku

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DELIVERED = NOW - timedelta(days=10)
POLICY = ReturnPolicy(sku=Sku("A"), window_days=30)


def euros(amount: str | Decimal) -> Money:
    return Money(amount=Decimal(amount), currency_code="EUR")


LINE = SaleLine(
    id="1", sku=Sku("A"), ordered=Decimal(3), fulfilled=Decimal(3), total=euros("10.00"), delivered_at=DELIVERED
)


def line(**changes: Any) -> SaleLine:
    """The line, with changes; whole numbers stand for quantities."""
    exact = {name: Decimal(value) if type(value) is int else value for name, value in changes.items()}
    return msgspec.structs.replace(LINE, **exact)


def judged(sold: SaleLine, policy: ReturnPolicy | None = POLICY, now: datetime = NOW) -> ReturnableLine:
    sale = Sale(order_id=OrderId("ord-000001"), placed_at=DELIVERED, lines=(sold,))
    (verdict,) = returnable_lines(sale, {} if policy is None else {policy.sku: policy}, now)
    return verdict


def test_what_is_left_may_come_back() -> None:
    """Fulfilled less returned less on its way back, until the window closes, for its share of the total."""
    verdict = judged(line(ordered=5, fulfilled=4, canceled=1, returned=1, open_returns=1))
    assert verdict == ReturnableLine(
        line_id="1",
        sku=Sku("A"),
        quantity=Decimal(2),
        until=DELIVERED + timedelta(days=30),
        estimated_refund=euros("4.00"),
    )


@pytest.mark.parametrize(
    ("sold", "policy", "reason"),
    [
        (line(fulfilled=0), POLICY, "UNFULFILLED"),
        (line(fulfilled=0), None, "UNFULFILLED"),
        (line(returned=3), POLICY, "ALREADY_RETURNED"),
        (line(returned=2, open_returns=1), POLICY, "ALREADY_RETURNED"),
        (line(returned=9), POLICY, "ALREADY_RETURNED"),
        (line(), msgspec.structs.replace(POLICY, final_sale=True), "FINAL_SALE"),
        (line(), msgspec.structs.replace(POLICY, window_days=9), "RETURN_WINDOW_EXPIRED"),
        (line(), msgspec.structs.replace(POLICY, window_days=9, final_sale=True), "FINAL_SALE"),
        (line(), None, "OTHER"),
    ],
)
def test_what_may_not_come_back_says_why(sold: SaleLine, policy: ReturnPolicy | None, reason: str) -> None:
    """Each obstacle has its reason, the one that no policy could lift first; none of the line may come back."""
    verdict = judged(sold, policy)
    assert verdict.not_returnable is NonReturnableReason(reason)
    assert verdict.quantity == 0
    assert verdict.estimated_refund is None


def test_the_last_moment_still_counts() -> None:
    """The window closes after its last moment, and a closed one says when it closed."""
    until = DELIVERED + timedelta(days=30)
    assert judged(line(), now=until).not_returnable is None
    late = judged(line(), now=until + timedelta(microseconds=1))
    assert late.not_returnable is NonReturnableReason.RETURN_WINDOW_EXPIRED
    assert late.until == until


@pytest.mark.parametrize(
    ("sold", "policy"),
    [
        (line(), msgspec.structs.replace(POLICY, window_days=None)),
        (line(), msgspec.structs.replace(POLICY, window_days=9_999_999)),
        (line(delivered_at=None), POLICY),
    ],
)
def test_some_windows_never_close(sold: SaleLine, policy: ReturnPolicy) -> None:
    """No limit, a limit beyond the calendar, and goods not yet delivered leave no end to name."""
    verdict = judged(sold, policy, now=NOW + timedelta(days=10_000))
    assert verdict.quantity == 3
    assert verdict.until is None


def test_the_restocking_fee_is_taken_once_per_item() -> None:
    """Three items cost three fees; a fee above the price leaves nothing, never less."""
    fee = msgspec.structs.replace(POLICY, restocking_fee=euros("1.50"))
    assert judged(line(), fee).estimated_refund == euros("5.50")
    dear = msgspec.structs.replace(POLICY, restocking_fee=euros("4.00"))
    assert judged(line(), dear).estimated_refund == euros("0")


def test_an_unknown_refund_is_not_guessed() -> None:
    """Without a total, or with a fee in another currency, the line may come back and the refund is unknown."""
    yen = msgspec.structs.replace(POLICY, restocking_fee=Money(amount=Decimal(100), currency_code="JPY"))
    for verdict in (judged(line(total=None)), judged(line(), yen), judged(line(ordered=0))):
        assert verdict.quantity == 3
        assert verdict.estimated_refund is None


@settings(max_examples=200)
@given(
    st.decimals(0, 10_000, places=3),
    st.lists(st.integers(1, 9), min_size=1, max_size=6),
    st.none() | st.decimals(0, 5, places=2),
)
def test_returning_in_steps_never_refunds_more_than_was_paid(
    paid: Decimal, steps: list[int], fee: Decimal | None
) -> None:
    """However a line is returned piece by piece, its refunds add up to no more than its total."""
    policy = msgspec.structs.replace(POLICY, restocking_fee=None if fee is None else euros(fee))
    pieces = sum(steps)
    gone, refunded = 0, Decimal(0)
    for step in steps:
        sold = line(ordered=pieces, fulfilled=gone + step, returned=gone, total=euros(paid))
        verdict = judged(sold, policy)
        assert verdict.quantity == step
        assert verdict.estimated_refund is not None
        assert verdict.estimated_refund.amount >= 0
        assert verdict.estimated_refund == verdict.estimated_refund.rounded()
        refunded += verdict.estimated_refund.amount
        gone += step
    assert refunded <= paid
    if fee is None:
        assert refunded > paid - len(steps) * Decimal("0.01"), "less than a cent is lost per step"


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 9), min_size=2, max_size=6))
def test_a_refund_is_within_a_cent_of_its_fair_part(cents: int, weights: list[int]) -> None:
    """Every step refunds what an exact split of the total gives it, or a cent less."""
    total, pieces = euros(Decimal(cents).scaleb(-2)), sum(weights)
    fair = total.allocate([Decimal(weight) for weight in weights])
    for weight, part in zip(weights, fair, strict=True):
        refund = judged(line(ordered=pieces, fulfilled=weight, total=total)).estimated_refund
        assert refund is not None
        assert 0 <= (part - refund).amount <= Decimal("0.01")


def test_returning_everything_at_once_refunds_everything() -> None:
    """A whole line without a fee is refunded to the cent, and more than was ordered refunds no more."""
    assert judged(line()).estimated_refund == euros("10.00")
    assert judged(line(ordered=2, fulfilled=3)).estimated_refund == euros("10.00")
