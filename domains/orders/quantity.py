"""How much of an order line is still with the customer."""

from decimal import Decimal

from domains.orders.model import OrderLine


def returnable(line: OrderLine) -> Decimal:
    """What was handed over and has not come back, never below 0. Whether policy lets it come back is another matter."""
    return max(line.fulfilled - line.returned, Decimal(0))
