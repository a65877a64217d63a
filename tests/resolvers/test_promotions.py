"""Baskets put to the promotion engine."""

from typing import Any

import pytest

from tests.resolvers.world import World

EVALUATE = """query($basket: BasketInput!) { promotionEvaluation(basket: $basket) {
  total { amount currencyCode } lines { promotionId name discount { amount } } ruleVersion freshness { tier } }
  loyaltyEarningForecast(basket: $basket, membershipId: "mem-00001") { value currency { code } } }"""


def basket(price: str = "12.50", currency: str = "EUR", **changes: Any) -> dict[str, Any]:
    line = {"sku": "SKU-1", "quantity": 2, "unitPrice": {"amount": price, "currencyCode": currency}}
    return {"currencyCode": "EUR", "lines": [line], "customerId": "Customer:cust-00001", "codes": ["SPRING"]} | changes


async def test_a_basket_is_evaluated(world: World) -> None:
    """The engine's discounts come with their exact sum, and what the basket would earn."""
    data = await world.data(EVALUATE, basket=basket())
    assert data["promotionEvaluation"]["total"] == {"amount": "5.00", "currencyCode": "EUR"}
    assert data["promotionEvaluation"]["ruleVersion"] == "7"
    assert data["loyaltyEarningForecast"] == {"value": "10", "currency": {"code": "PTS"}}
    (asked,) = next(iter(world.fakes()["promotions.evaluate"].calls))
    assert (asked.customer_id, asked.codes) == ("cust-00001", ("SPRING",))


async def test_a_discount_never_exceeds_the_basket(world: World) -> None:
    """A discount beyond what the basket costs is cut to it."""
    data = await world.data(EVALUATE, basket=basket("1.00"))
    assert data["promotionEvaluation"]["total"] == {"amount": "2.00", "currencyCode": "EUR"}


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (basket(lines=[]), ["basket", "lines"]),
        (basket("-1"), ["basket", "lines", 0, "unitPrice", "amount"]),
        (basket(currency="USD"), ["basket", "lines", 0, "unitPrice", "currencyCode"]),
        (basket(codes=["A", "A"]), ["basket", "codes", 1]),
        (basket(customerId="Order:1"), ["basket", "customerId"]),
    ],
)
async def test_a_wrong_basket_is_told_with_its_place(
    world: World, wrong: dict[str, Any], path: list[str | int]
) -> None:
    """A basket that no engine can be asked about is wrong input, and reaches none."""
    answer = await world.ask(EVALUATE, basket=wrong)
    for error in answer.errors:
        extensions: Any = error["extensions"]
        assert extensions["code"] == "BAD_USER_INPUT"
        assert path in extensions.values()
    assert world.calls() == {}
