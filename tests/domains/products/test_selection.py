"""Only so many products are asked for at once, by names that can exist."""

import pytest

from domains.products import checked_skus
from domains.vocabulary import InvalidInput


def test_order_and_repeats_are_kept() -> None:
    """The answer lines up with the question, place by place."""
    assert checked_skus(["B", "A", "B"]) == ("B", "A", "B")
    assert checked_skus([]) == ()
    assert checked_skus(["x" * 64]) == ("x" * 64,)


def test_too_many_are_refused() -> None:
    """One more than allowed raises, pointing at the argument."""
    assert len(checked_skus(["A"] * 100)) == 100
    with pytest.raises(InvalidInput, match="at most 100") as caught:
        checked_skus(["A"] * 101)
    assert caught.value.path == ("skus",)
    with pytest.raises(InvalidInput, match="at most 2"):
        checked_skus(["A"] * 3, most=2)


@pytest.mark.parametrize("sku", ["", "  ", "x" * 65, "a\x00"])
def test_impossible_names_are_refused_where_they_stand(sku: str) -> None:
    """A blank or overlong SKU, or one with a null byte, raises, pointing at its place."""
    with pytest.raises(InvalidInput) as caught:
        checked_skus(["A", sku])
    assert caught.value.path == ("skus", 1)
