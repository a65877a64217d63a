"""What is with the customer may come back."""

from decimal import Decimal

import pytest

from domains.orders import OrderLine, returnable
from domains.vocabulary import Sku


@pytest.mark.parametrize(
    ("fulfilled", "returned", "left"), [("5", "2", "3"), ("2.5", "0", "2.5"), ("0", "0", "0"), ("1", "2", "0")]
)
def test_fulfilled_less_returned(fulfilled: str, returned: str, left: str) -> None:
    """What came back is gone, what was never handed over is not counted, and it is never below nothing."""
    line = OrderLine(id="1", sku=Sku("A"), ordered=Decimal(9), fulfilled=Decimal(fulfilled), returned=Decimal(returned))
    assert returnable(line) == Decimal(left)
