"""GTINs are checked by their last digit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.vocabulary import gtin_is_valid

# The examples of the GS1 General Specifications and of its check digit calculator, and a well-known book and can.
GOOD = ["96385074", "036000291452", "4006381333931", "9780306406157", "5901234123457", "10614141000415"]


@pytest.mark.parametrize("gtin", GOOD)
def test_known_gtins_are_valid(gtin: str) -> None:
    """Published GTINs of 8, 12, 13 and 14 digits pass."""
    assert gtin_is_valid(gtin)


@settings(max_examples=60)
@given(st.sampled_from(GOOD), st.data())
def test_one_wrong_digit_is_always_seen(gtin: str, data: st.DataObject) -> None:
    """Changing any single digit of a valid GTIN makes it invalid."""
    place = data.draw(st.integers(0, len(gtin) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != gtin[place]]))
    assert not gtin_is_valid(gtin[:place] + other + gtin[place + 1 :])


@pytest.mark.parametrize("text", ["", "0", "400638133393", "40063813339310", "400638133393X", "٤٠٠٦٣٨١٣٣٣٩٣١", "²" * 8])
def test_other_texts_are_not_gtins(text: str) -> None:
    """Wrong lengths, letters and digits of other scripts are not valid."""
    assert not gtin_is_valid(text)
