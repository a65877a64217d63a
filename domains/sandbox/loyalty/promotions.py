"""What the promotion rules of the world make of a basket.

Rules are tried in the world's order, each on what the ones before it left over, so that no line and no basket ever
costs less than nothing. A rule with a code is tried when the basket names the code.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from domains.sandbox.loyalty.basket import Basket, Line
from domains.sandbox.loyalty.eligibility import entitled_lines, why_not
from domains.sandbox.world import Row, World

Share = tuple[str | None, Decimal]
"""A discount on one sku, or (None) on the whole basket."""

_CENT = Decimal("0.01")


class _Left:
    """What there is still to pay, by line and for the basket."""

    def __init__(self, basket: Basket) -> None:
        self.lines = {id(line): line.total for line in basket.lines}
        self.basket = basket.total

    def take(self, line: Line, wanted: Decimal) -> Decimal:
        """At most `wanted` off one line, in whole cents."""
        # Rounded down when it is all there is: a discount must not exceed the price by a rounding.
        ceiling = min(self.lines[id(line)], self.basket).quantize(_CENT, ROUND_DOWN)
        taken = min(wanted.quantize(_CENT, ROUND_HALF_EVEN), ceiling)
        self.lines[id(line)] -= taken
        self.basket -= taken
        return taken

    def take_from_basket(self, wanted: Decimal) -> Decimal:
        taken = min(wanted.quantize(_CENT, ROUND_HALF_EVEN), self.basket.quantize(_CENT, ROUND_DOWN))
        self.basket -= taken
        return taken


def evaluate(basket: Basket, world: World, now: datetime) -> Row:
    """The PromotionEvaluation row of `basket`."""
    codes = {code.strip().upper(): code for code in basket.codes}
    known = {rule["code"] for rule in world.promotions.values()}
    rejected = [{"code": given, "reason": "NOT_FOUND"} for code, given in codes.items() if code not in known]
    customer = world.customers.get(basket.customer_id) if basket.customer_id else None
    left, lines, total = _Left(basket), [], Decimal(0)
    for rule in world.promotions.values():
        if rule["code"] is not None and rule["code"] not in codes:
            continue
        entitled = entitled_lines(rule, basket, world.products)
        reason = why_not(rule, basket, entitled, customer, now)
        shares = [] if reason else _merged(_KINDS[rule["kind"]](rule, entitled, left))
        if rule["code"] is not None and not shares:
            # An applicable code that changes nothing is told so, or its holder would wonder.
            rejected.append({"code": codes[rule["code"]], "reason": reason or "NOT_HONOURED"})
        for sku, discount in shares:
            total += discount
            lines.append(_line(rule, sku, discount, basket.currency_code))
    return {
        "lines": lines,
        "total": {"amount": format(total, "f"), "currencyCode": basket.currency_code},
        "rejected": rejected,
        "ruleVersion": world.rule_version,
    }


def _line(rule: Row, sku: str | None, discount: Decimal, currency_code: str) -> Row:
    return {
        "sku": sku,
        "promotionId": rule["id"],
        "name": rule["name"],
        "discount": {"amount": format(discount, "f"), "currencyCode": currency_code},
        "fundedBy": rule["fundedBy"],
    }


def _merged(shares: list[Share]) -> list[Share]:
    """One share per sku, without those that came to nothing."""
    sums: dict[str | None, Decimal] = {}
    for sku, discount in shares:
        sums[sku] = sums.get(sku, Decimal(0)) + discount
    return [(sku, discount) for sku, discount in sums.items() if discount > 0]


def _percent_off_lines(rule: Row, entitled: list[Line], left: _Left) -> list[Share]:
    percent = Decimal(rule["percent"])
    return [(line.sku, left.take(line, line.total * percent / 100)) for line in entitled]


def _percent_off_basket(rule: Row, _entitled: list[Line], left: _Left) -> list[Share]:
    return [(None, left.take_from_basket(left.basket * Decimal(rule["percent"]) / 100))]


def _amount_off_basket(rule: Row, _entitled: list[Line], left: _Left) -> list[Share]:
    return [(None, left.take_from_basket(Decimal(rule["amount"]["amount"])))]


def _amount_off_pieces(rule: Row, entitled: list[Line], left: _Left) -> list[Share]:
    amount = Decimal(rule["amount"]["amount"])
    return [(line.sku, left.take(line, line.quantity * amount)) for line in entitled]


def _some_free(rule: Row, entitled: list[Line], left: _Left) -> list[Share]:
    """Dearest pieces first, in groups of `buy + free`; the last `free` of each whole group cost nothing.

    Counted by intervals, not piece by piece: a quantity may be a million.
    """
    buy, free = rule["buy"], rule["free"]
    dearest_first = sorted(entitled, key=lambda line: line.unit_price, reverse=True)
    in_groups = sum(int(line.quantity) for line in dearest_first) // (buy + free) * (buy + free)

    def free_before(place: int) -> int:
        groups, rest = divmod(min(place, in_groups), buy + free)
        return int(groups * free + max(0, rest - buy))

    shares: list[Share] = []
    place = 0
    for line in dearest_first:
        count = free_before(place + int(line.quantity)) - free_before(place)
        shares.append((line.sku, left.take(line, line.unit_price * count)))
        place += int(line.quantity)
    return shares


_KINDS: dict[str, Callable[[Row, list[Line], _Left], list[Share]]] = {
    "PERCENT_OFF_CATEGORY": _percent_off_lines,
    "PERCENT_OFF_BASKET": _percent_off_basket,
    "AMOUNT_OFF_BASKET": _amount_off_basket,
    "AMOUNT_OFF_SKU": _amount_off_pieces,
    "BUY_N_GET_FREE": _some_free,
}
