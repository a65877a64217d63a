"""What promotion rules make of baskets."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.sandbox.loyalty.basket import Basket, Line, read_basket
from domains.sandbox.loyalty.promotions import evaluate
from domains.sandbox.world import SMALL, World, build_world
from tests.domains.sandbox.contracts import Contract

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
WORLD = build_world(1, NOW, SMALL)


def sku_in(category: str, world: World = WORLD) -> str:
    return next(sku for sku, row in world.products.items() if row["category"].startswith(category))


PLAIN = sku_in("Apparel > Sweaters")


def basket(*lines: tuple[str, str, str], codes: tuple[str, ...] = (), **members: Any) -> Basket:
    rows = tuple(Line(sku, Decimal(quantity), Decimal(price)) for sku, quantity, price in lines)
    return Basket("EUR", rows, members.get("customer_id"), codes, members.get("channel"))


def discounts(asked: Basket) -> dict[tuple[str, str | None], str]:
    rows = evaluate(asked, WORLD, NOW)["lines"]
    return {(row["promotionId"], row["sku"]): row["discount"]["amount"] for row in rows}


def test_percent_off_a_category_hits_its_lines_only() -> None:
    """20% off footwear is taken off the shoe and not off the sweater, with each line of the shoe joined."""
    shoe = sku_in("Footwear")
    asked = basket((shoe, "1", "80.00"), (PLAIN, "1", "50.00"), (shoe, "1", "10.00"))
    assert discounts(asked) == {("promo-running-20", shoe): "18.00"}


def test_every_third_towel_is_free() -> None:
    """Of seven towels two are free, and they are the cheapest of each three, dearest first."""
    towel = sku_in("Home > Bath")
    asked = basket((towel, "3", "30.00"), (towel, "4", "10.00"))
    assert discounts(asked) == {("promo-home-3for2", towel): "40.00"}


def test_amount_off_needs_its_minimum() -> None:
    """15 euros come off at 150 euros and not a cent below."""
    assert discounts(basket((PLAIN, "1", "150.00"))) == {("promo-basket-15", None): "15.00"}
    assert discounts(basket((PLAIN, "1", "149.99"))) == {}


def test_amount_off_each_piece_stops_at_the_price() -> None:
    """5 euros come off each shirt of the month, and a 3 euro shirt costs nothing rather than less."""
    assert discounts(basket(("SKU-00001", "2", "20.00"))) == {("promo-shirt-5", "SKU-00001"): "10.00"}
    assert discounts(basket(("SKU-00001", "2", "3.00"))) == {("promo-shirt-5", "SKU-00001"): "6.00"}


def test_codes_are_read_in_any_case() -> None:
    """A code counts however it is typed."""
    assert discounts(basket((PLAIN, "1", "100.00"), codes=(" save20 ",))) == {("promo-save20", None): "20.00"}


@pytest.mark.parametrize(
    ("code", "members", "quantity", "reason"),
    [
        ("NOSUCH", {}, "1", "NOT_FOUND"),
        ("SPRING", {}, "1", "CURRENTLY_INACTIVE"),
        ("SOON", {}, "1", "CURRENTLY_INACTIVE"),
        ("PAUSED", {}, "1", "CURRENTLY_INACTIVE"),
        ("VIP12", {}, "1", "CUSTOMER_NOT_ELIGIBLE"),
        ("VIP12", {"customer_id": "nobody"}, "1", "CUSTOMER_NOT_ELIGIBLE"),
        ("FIRST100", {}, "1", "USAGE_LIMIT_REACHED"),
        ("WELCOME10", {"customer_id": "cust-00001"}, "1", "CUSTOMER_USAGE_LIMIT_REACHED"),
        ("SPORT15", {}, "1", "NO_ENTITLED_LINE_ITEMS"),
        ("SAVE20", {}, "1", "PURCHASE_NOT_IN_RANGE"),
        ("BULK5", {}, "4", "QUANTITY_NOT_IN_RANGE"),
        ("APP5", {"channel": "WEB"}, "1", "NOT_HONOURED"),
    ],
)
def test_rejected_codes_say_why(code: str, members: dict[str, str], quantity: str, reason: str) -> None:
    """Each code that changes nothing is answered with the reason, and gives no discount."""
    answer = evaluate(basket((PLAIN, quantity, "9.00"), codes=(code,), **members), WORLD, NOW)
    assert answer["rejected"] == [{"code": code, "reason": reason}]
    assert answer["lines"] == []


@pytest.mark.parametrize(
    ("code", "members"), [("VIP12", {"customer_id": "cust-00001"}), ("APP5", {"channel": "APP"}), ("WELCOME10", {})]
)
def test_codes_that_are_entitled_count(code: str, members: dict[str, str]) -> None:
    """The same codes give a discount to those they are for."""
    answer = evaluate(basket((PLAIN, "1", "9.00"), codes=(code,), **members), WORLD, NOW)
    assert answer["rejected"] == []
    assert Decimal(answer["total"]["amount"]) > 0


def test_a_code_that_comes_to_nothing_is_not_honoured() -> None:
    """When nothing is left to pay, a further code is rejected rather than silently dropped."""
    answer = evaluate(basket((PLAIN, "1", "0.00"), codes=("WELCOME10",)), WORLD, NOW)
    assert answer["rejected"] == [{"code": "WELCOME10", "reason": "NOT_HONOURED"}]


SKUS = ["SKU-00001", PLAIN, sku_in("Footwear"), sku_in("Home > Bath"), sku_in("Sports"), "SKU-99999"]
CODES = [rule["code"] for rule in WORLD.promotions.values() if rule["code"]]
LINES = st.tuples(
    st.sampled_from(SKUS),
    st.decimals("0.001", "1000000", places=3).map(str),
    st.decimals("0", "10000", places=2).map(str),
)


@settings(max_examples=150)
@given(st.lists(LINES, max_size=6), st.lists(st.sampled_from(CODES), max_size=4, unique=True))
def test_nothing_ever_costs_less_than_nothing(lines: list[tuple[str, str, str]], codes: list[str]) -> None:
    """Discounts are positive whole cents, add up to the total, and exceed neither an item's price nor the basket's."""
    asked = basket(*lines, codes=tuple(codes), customer_id="cust-00001")
    answer = evaluate(asked, WORLD, NOW)
    amounts = [Decimal(row["discount"]["amount"]) for row in answer["lines"]]
    assert all(amount > 0 and amount == round(amount, 2) for amount in amounts)
    assert sum(amounts) == Decimal(answer["total"]["amount"]) <= asked.total
    for sku in {line.sku for line in asked.lines}:
        off = sum(Decimal(row["discount"]["amount"]) for row in answer["lines"] if row["sku"] == sku)
        assert off <= sum(line.total for line in asked.lines if line.sku == sku)
    named = {row["promotionId"] for row in answer["lines"]}
    given_codes = {WORLD.promotions[id_]["code"] for id_ in named} - {None}
    assert given_codes | {row["code"] for row in answer["rejected"]} == set(codes)


async def test_evaluations_keep_the_order_of_the_baskets(client: httpx.AsyncClient) -> None:
    """Over HTTP each basket gets its own answer, in order and as the contract says."""
    lines = [{"sku": PLAIN, "quantity": "1", "unitPrice": {"amount": price, "currencyCode": "EUR"}}
             for price in ("200.00", "20.00")]  # fmt: skip
    baskets = [{"currencyCode": "EUR", "lines": [line], "codes": ["NOSUCH"]} for line in lines]
    response = await client.post("/v1/promotions/evaluate", json={"baskets": baskets})
    body = Contract.of("LOYALTY").judge("/v1/promotions/evaluate", response)
    assert [answer["total"]["amount"] for answer in body["answers"]] == ["15.00", "0"]
    assert body["answers"][0]["ruleVersion"] == WORLD.rule_version
    assert body["answers"][1]["rejected"] == [{"code": "NOSUCH", "reason": "NOT_FOUND"}]


def test_other_currencies_get_no_promotions() -> None:
    """Rules are in euros: a basket in another currency gets no discount, and codes are not honoured."""
    price = {"amount": "200.00", "currencyCode": "USD"}
    row = {"currencyCode": "USD", "lines": [{"sku": PLAIN, "quantity": "1", "unitPrice": price}], "codes": ["SAVE20"]}
    answer = evaluate(read_basket(row), WORLD, NOW)
    assert (answer["lines"], answer["total"]) == ([], {"amount": "0", "currencyCode": "USD"})
    assert answer["rejected"] == [{"code": "SAVE20", "reason": "NOT_HONOURED"}]
