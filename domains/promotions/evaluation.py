"""Keeping an engine's answer within the basket it is about."""

from collections.abc import Mapping

import msgspec

from domains.promotions.model import Basket, PromotionEvaluation, PromotionLine
from domains.vocabulary import Money, Sku


def settle(basket: Basket, evaluation: PromotionEvaluation) -> PromotionEvaluation:
    """The evaluation with discounts that can be given, and their exact sum as `total`.

    The discounts on an item never exceed what its lines cost, all of them together never exceed the basket: in the
    engine's order each is cut to what is left, in whole minor units, and left out when nothing is. Raises
    CurrencyMismatch when the engine answers in another currency than the basket's.
    """
    left_of = dict(_costs(basket))
    left = sum(left_of.values(), start=Money.zero(basket.currency_code))
    zero, total = Money.zero(basket.currency_code), Money.zero(basket.currency_code)
    lines: list[PromotionLine] = []
    for line in evaluation.lines:
        limit = left if line.sku is None else min(left, left_of.get(line.sku, zero))
        discount = min(line.discount.rounded(), limit)
        if discount <= zero:
            continue
        lines.append(msgspec.structs.replace(line, discount=discount))
        left, total = left - discount, total + discount
        if line.sku is not None:
            left_of[line.sku] -= discount
    return msgspec.structs.replace(evaluation, lines=tuple(lines), total=total)


def _costs(basket: Basket) -> Mapping[Sku, Money]:
    """What the lines of each SKU cost, each line rounded as it is charged."""
    costs: dict[Sku, Money] = {}
    for line in basket.lines:
        cost = (line.unit_price * line.quantity).rounded()
        costs[line.sku] = costs[line.sku] + cost if line.sku in costs else cost
    return costs
