"""An engine's discounts never exceed the basket, and add up exactly."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.promotions import (
    Basket,
    BasketLine,
    PromotionEvaluation,
    PromotionLine,
    PromotionRejection,
    PromotionRejectionReason,
    settle,
)
from domains.vocabulary import CurrencyMismatch, Money, PromotionId, Sku

SKUS = st.sampled_from(["A", "B", "C"]).map(Sku)


def euros(amount: Decimal | str) -> Money:
    return Money(amount=Decimal(amount), currency_code="EUR")


CENTS = st.decimals(0, 200, places=2).map(euros)
BASKETS = st.lists(
    st.builds(BasketLine, sku=SKUS, quantity=st.decimals("0.001", 9, places=3), unit_price=CENTS),
    min_size=1,
    max_size=5,
).map(lambda lines: Basket(currency_code="EUR", lines=tuple(lines)))
DISCOUNTS = st.lists(
    st.builds(
        PromotionLine,
        sku=st.none() | SKUS | st.just(Sku("not in the basket")),
        promotion_id=st.just(PromotionId("p")),
        name=st.just("off"),
        discount=st.decimals(-5, 400, places=3).map(euros),
    ),
    max_size=8,
).map(tuple)


def off(discount: str, sku: str | None = None, name: str = "off") -> PromotionLine:
    return PromotionLine(
        sku=None if sku is None else Sku(sku), promotion_id=PromotionId("p"), name=name, discount=euros(discount)
    )


def basket(**prices: str) -> Basket:
    lines = tuple(
        BasketLine(sku=Sku(sku), quantity=Decimal(2), unit_price=euros(price)) for sku, price in prices.items()
    )
    return Basket(currency_code="EUR", lines=lines)


def discounts(basket_: Basket, *lines: PromotionLine) -> list[str]:
    return [str(line.discount.amount) for line in settle(basket_, PromotionEvaluation(lines=lines)).lines]


def test_discounts_within_the_basket_stay_as_they_are() -> None:
    """Only the total is worked out anew; rejections and the version of the rules are kept."""
    no = PromotionRejection(code="X", reason=PromotionRejectionReason.NOT_FOUND)
    lines = (off("5.00", "A"), off("1.50"))
    answer = settle(
        basket(A="10.00"),
        PromotionEvaluation(lines=lines, total=euros("99.00"), rejected=(no,), rule_version="v7"),
    )
    assert answer == PromotionEvaluation(lines=lines, total=euros("6.50"), rejected=(no,), rule_version="v7")


def test_a_discount_on_an_item_ends_at_what_the_item_costs() -> None:
    """The item's discounts share one limit, in the engine's order; what is left of it may not go elsewhere."""
    assert discounts(basket(A="10.00", B="5.00"), off("15.00", "A"), off("9.00", "A"), off("9.00", "A")) == [
        "15.00",
        "5.00",
    ]
    assert discounts(basket(A="10.00"), off("3.00", "B")) == []


def test_all_discounts_end_at_what_the_basket_costs() -> None:
    """A discount on the basket takes what is left, and those after it get nothing more."""
    assert discounts(basket(A="10.00", B="5.00"), off("25.00"), off("9.00", "B"), off("1.00")) == ["25.00", "5.00"]


def test_lines_of_one_item_are_taken_together() -> None:
    """Two lines of the same SKU make one limit."""
    lines = (*basket(A="10.00").lines, *basket(A="2.00").lines)
    assert discounts(Basket(currency_code="EUR", lines=lines), off("99.00", "A")) == ["24.00"]


def test_a_discount_that_takes_nothing_off_is_left_out() -> None:
    """Zero and negative discounts are no discounts; what is finer than a cent is rounded."""
    assert discounts(basket(A="10.00"), off("0.00"), off("-3.00"), off("0.004"), off("0.006")) == ["0.01"]


def test_another_currency_is_a_bug() -> None:
    """An engine that answers in another currency raises rather than being believed."""
    yen = PromotionLine(
        promotion_id=PromotionId("p"), name="off", discount=Money(amount=Decimal(1), currency_code="JPY")
    )
    with pytest.raises(CurrencyMismatch):
        settle(basket(A="10.00"), PromotionEvaluation(lines=(yen,)))


@settings(max_examples=200)
@given(BASKETS, DISCOUNTS)
def test_nobody_is_paid_to_shop(basket_: Basket, lines: tuple[PromotionLine, ...]) -> None:
    """Whatever the engine says: no item below zero, no basket below zero, nothing raised, and an exact total."""
    answer = settle(basket_, PromotionEvaluation(lines=lines))
    costs: dict[Sku, Decimal] = defaultdict(Decimal)
    for bought in basket_.lines:
        costs[bought.sku] += (bought.unit_price * bought.quantity).rounded().amount
    taken: dict[Sku | None, Decimal] = defaultdict(Decimal)
    for line in answer.lines:
        taken[line.sku] += line.discount.amount
        assert line.discount.amount > 0
        assert line.discount == line.discount.rounded()
    assert all(amount <= costs[sku] for sku, amount in taken.items() if sku is not None)
    total = sum(taken.values(), Decimal(0))
    assert total <= sum(costs.values())
    assert answer.total == euros(total)
    assert settle(basket_, answer) == answer


@settings(max_examples=100)
@given(BASKETS, DISCOUNTS)
def test_only_what_must_be_is_cut(basket_: Basket, lines: tuple[PromotionLine, ...]) -> None:
    """Discounts on the basket alone come to their own sum, or to the basket's cost where that is less."""
    whole = [line for line in lines if line.sku is None]
    wished = sum((max(line.discount.rounded().amount, Decimal(0)) for line in whole), Decimal(0))
    cost = sum(((line.unit_price * line.quantity).rounded().amount for line in basket_.lines), Decimal(0))
    answer = settle(basket_, PromotionEvaluation(lines=tuple(whole)))
    assert answer.total == euros(min(wished, cost))
