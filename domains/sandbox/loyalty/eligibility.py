"""Whether a promotion rule applies to a basket, and if not, why, in the contract's words."""

from datetime import datetime

from domains.sandbox.loyalty.basket import Basket, Line
from domains.sandbox.world import Row
from domains.sandbox.world.rows import CURRENCY


def entitled_lines(rule: Row, basket: Basket, products: dict[str, Row]) -> list[Line]:
    """The lines `rule` counts and discounts: all of them unless it names a category or skus."""
    if "category" in rule:
        return [line for line in basket.lines if _category(products, line.sku).startswith(rule["category"])]
    if "skus" in rule:
        return [line for line in basket.lines if line.sku in rule["skus"]]
    return list(basket.lines)


def why_not(rule: Row, basket: Basket, entitled: list[Line], customer: Row | None, now: datetime) -> str | None:
    """The PromotionRejectionReason, or None when `rule` applies. The first that holds, from the rule to the basket."""
    checks = (
        (_is_inactive(rule, now), "CURRENTLY_INACTIVE"),
        (_is_not_for(rule, basket), "NOT_HONOURED"),
        (_is_stranger(rule, customer), "CUSTOMER_NOT_ELIGIBLE"),
        (rule["usageLimit"] is not None and rule["usageCount"] >= rule["usageLimit"], "USAGE_LIMIT_REACHED"),
        (_has_had_it(rule, basket), "CUSTOMER_USAGE_LIMIT_REACHED"),
        (not entitled, "NO_ENTITLED_LINE_ITEMS"),
        (_is_out_of_range(rule, basket), "PURCHASE_NOT_IN_RANGE"),
        (_is_too_few(rule, entitled), "QUANTITY_NOT_IN_RANGE"),
    )
    return next((reason for holds, reason in checks if holds), None)


def _category(products: dict[str, Row], sku: str) -> str:
    product = products.get(sku)
    return "" if product is None else str(product["category"])


def _is_inactive(rule: Row, now: datetime) -> bool:
    starts, ends = datetime.fromisoformat(rule["startsAt"]), datetime.fromisoformat(rule["endsAt"])
    return not (rule["enabled"] and starts <= now < ends)


def _is_not_for(rule: Row, basket: Basket) -> bool:
    return basket.currency_code != CURRENCY or bool(rule["channels"] and basket.channel not in rule["channels"])


def _is_stranger(rule: Row, customer: Row | None) -> bool:
    if not rule["segments"]:
        return False
    return customer is None or not set(rule["segments"]) & set(customer["segments"])


def _has_had_it(rule: Row, basket: Basket) -> bool:
    limit = rule["perCustomerLimit"]
    return limit is not None and rule["usesByCustomer"].get(basket.customer_id, 0) >= limit


def _is_out_of_range(rule: Row, basket: Basket) -> bool:
    cents = basket.total * 100
    too_small = rule["minimum"] is not None and cents < rule["minimum"]
    return too_small or (rule["maximum"] is not None and cents > rule["maximum"])


def _is_too_few(rule: Row, entitled: list[Line]) -> bool:
    least = rule["minimumQuantity"]
    if rule["kind"] == "BUY_N_GET_FREE":
        least = rule["buy"] + rule["free"]
    return least is not None and sum(line.quantity for line in entitled) < least
