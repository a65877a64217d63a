"""Strict reading of bodies."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.sandbox.chassis import (
    Refused,
    maybe_member,
    maybe_text,
    want_decimal,
    want_int,
    want_list,
    want_member,
    want_money,
    want_object,
    want_objects,
    want_text,
    want_texts,
)
from domains.sandbox.chassis.ask import read_object


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"null", b"1", b'"x"', b"{", b'{"a":NaN}', b'{"a":1}x', b'{"a":"\xff"}', b"[" * 100_000]
)
def test_what_is_not_an_object_is_malformed(raw: bytes) -> None:
    """Bytes that are not one JSON object are 400, never a crash."""
    with pytest.raises(Refused) as caught:
        read_object(raw)
    assert (caught.value.status, caught.value.code) == (400, "MALFORMED_JSON")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """Whatever arrives is an object or a refusal."""
    try:
        body: object = read_object(raw)
    except Refused as refusal:
        body = {"status": refusal.status}
    assert isinstance(body, dict)
    assert body.get("status", 400) == 400


def test_reads_what_it_asks_for() -> None:
    """Each reader gives back what is there, and None for what may be left out."""
    money = {"amount": "-12.50", "currencyCode": "EUR"}
    body = {"a": [1], "t": ["x"], "o": {}, "os": [{}], "s": "x", "n": 3, "d": "0.125", "m": money, "null": None}
    assert want_list(body, "a") == [1]
    assert want_texts(body, "t") == ["x"]
    assert want_object(body, "o") == {}
    assert want_objects(body, "os") == [{}]
    assert want_text(body, "s") == want_member(body, "s", {"x", "y"}) == "x"
    assert want_int(body, "n", 1, 3) == 3
    assert want_decimal(body, "d") == Decimal("0.125")
    assert want_money(body, "m") == (Decimal("-12.50"), "EUR")
    assert maybe_text(body, "null") is maybe_text(body, "absent") is maybe_member(body, "null", {"x"}) is None


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (want_list, "x"),
        (want_list, [1] * 501),
        (want_texts, [1]),
        (want_objects, ["x"]),
        (want_object, []),
        (want_text, 1),
        (want_text, None),
        (maybe_text, 1),
        (lambda body, name: want_member(body, name, {"a"}), "b"),
        (lambda body, name: want_int(body, name, 1, 5), 6),
        (lambda body, name: want_int(body, name, 0, 5), True),
        (lambda body, name: want_int(body, name, 0, 5), 1.0),
        (lambda body, name: want_list(body, name, least=1), []),
        (want_decimal, 1),
        (want_decimal, "NaN"),
        (want_decimal, "1e5"),
        (want_decimal, "1" * 19),
        (want_decimal, "٣"),
        (want_decimal, "1\n"),
        (want_money, {"amount": "1"}),
    ],
)
def test_other_shapes_are_refused_by_name(reader: Any, value: Any) -> None:
    """A value of another shape is 422, and the refusal names the member that is wrong."""
    with pytest.raises(Refused) as caught:
        reader({"member": value}, "member")
    assert (caught.value.status, caught.value.code) == (422, "INVALID_BODY")
    assert "`" in caught.value.detail
