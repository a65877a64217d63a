"""What a basket would earn: points per euro, more for higher tiers, rounded down."""

from decimal import ROUND_DOWN, Decimal

from domains.sandbox.loyalty.basket import Basket
from domains.sandbox.world import POINTS_PER_EURO, Row
from domains.sandbox.world.rows import CURRENCY

_PER_RANK = Decimal("0.25")


def multiplier(membership: Row | None) -> Decimal:
    """1 for the lowest tier and for who is not a member yet; a quarter more for each tier above."""
    tier = membership.get("tier") if membership is not None else None
    return 1 + _PER_RANK * (tier["rank"] if tier else 0)


def earned(amount: Decimal, currency_code: str, membership: Row | None, currency: Row) -> Decimal:
    """The points that `amount` earns; none in other currencies than the program's."""
    euros = amount if currency_code == CURRENCY else Decimal(0)
    step = Decimal(1).scaleb(-currency["decimalPlaces"])
    return (euros * POINTS_PER_EURO * multiplier(membership)).quantize(step, ROUND_DOWN)


def forecast(basket: Basket, membership: Row | None, currency: Row) -> Row:
    """The PointsAmount row `basket` would earn."""
    points = earned(basket.total, basket.currency_code, membership, currency)
    return {"value": format(points, "f"), "currency": currency}
