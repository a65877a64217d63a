"""Only quantities that can be handled are let in."""

from decimal import Decimal

import pytest

from domains.vocabulary import InvalidInput, positive_quantity


@pytest.mark.parametrize("text", ["1", "0.001", "2.500", "1E+3", "9999999999999"])
def test_quantities_that_can_be_handled_pass_unchanged(text: str) -> None:
    """A positive quantity of at most three decimals comes back as it was."""
    assert str(positive_quantity(Decimal(text))) == text


@pytest.mark.parametrize("text", ["0", "-1", "0.0001", "1E+13", "1E+999999", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_others_are_refused_where_they_stand(text: str) -> None:
    """Nothing, less than nothing, dust, absurd amounts and non-numbers raise, with the path given."""
    with pytest.raises(InvalidInput) as caught:
        positive_quantity(Decimal(text), "lines", 3, "quantity")
    assert caught.value.path == ("lines", 3, "quantity")
    assert caught.value.code == "BAD_USER_INPUT"
