"""Ids and numbers of orders are two spellings of one thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.flows import is_ours, order_id_behind
from domains.flows.order_identity import order_id_of, order_number_of
from domains.vocabulary import IdempotencyKey, OrderId


@given(bits=st.integers(min_value=0, max_value=2**60 - 1))
def test_a_number_leads_back_to_its_id(bits: int) -> None:
    """Whatever the key, the number has 13 letters that cannot be misread, and names the one id."""
    order_id = order_id_of(IdempotencyKey(f"{bits:015x}" + "f" * 49))
    number = order_number_of(order_id)
    assert is_ours(order_id)
    assert len(number) == 13
    assert not set(number) & set("ILOU")
    assert order_id_behind(number) == order_id


@pytest.mark.parametrize("number", ["", "W", "R100000001", "W000000000001 ", "w000000000001", "W00000000000I"])
def test_another_system_s_number_leads_nowhere(number: str) -> None:
    """A number that was not made here is nobody's id."""
    assert order_id_behind(number) is None


def test_another_system_s_id_has_no_number_of_ours() -> None:
    """An id that was not made here cannot be spelled as a number."""
    assert not is_ours(OrderId("ord-000001"))
    with pytest.raises(ValueError, match="not an id that was made here"):
        order_number_of(OrderId("ord-000001"))
