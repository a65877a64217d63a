"""Scalars: what is let in, and how it is written."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.scalars import (
    parse_currency,
    parse_date,
    parse_datetime,
    parse_decimal,
    write_date,
    write_datetime,
    write_decimal,
)

BOUNDED = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6)


@given(BOUNDED)
def test_a_decimal_survives_the_round_trip(value: Decimal) -> None:
    """A decimal is written in plain digits that are read back as the same decimal, digit for digit."""
    written = write_decimal(value)
    assert "E" not in written.upper()
    assert str(parse_decimal(written)) == str(Decimal(written))
    assert parse_decimal(written) == value


@given(st.text(max_size=60) | st.floats() | st.integers() | st.booleans() | st.none() | st.lists(st.integers()))
def test_whatever_comes_in_is_a_bounded_decimal_or_refused(value: object) -> None:
    """Anything at all is either refused with a ValueError, or a finite decimal that is cheap to compute with."""
    try:
        decimal = parse_decimal(value)
    except ValueError:
        return
    assert decimal.is_finite()
    assert abs(decimal) < Decimal(10) ** 20
    assert decimal == decimal.quantize(Decimal(1).scaleb(-20)) if abs(decimal) < 10**7 else decimal.is_finite()


@pytest.mark.parametrize(
    "value", ["NaN", "sNaN", "Infinity", "1E+999999999", "1e21", "0x1", "1_000", "\u0661", "", " 1", True]
)
def test_what_is_no_finite_decimal_is_refused(value: object) -> None:
    """Not-a-numbers, infinities, huge exponents and other scripts' digits are refused."""
    with pytest.raises(ValueError):
        parse_decimal(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+500"), "1", 1.5])
def test_what_is_no_finite_decimal_is_not_written(value: object) -> None:
    """A value that is no finite decimal never reaches a client."""
    with pytest.raises(ValueError):
        write_decimal(value)


def test_zero_is_written_plainly() -> None:
    """Zeros and powers of ten are written without an exponent."""
    assert [write_decimal(Decimal(text)) for text in ("0E+3", "1E+3", "0.00", "-0")] == ["0", "1000", "0.00", "-0"]


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))])))
def test_a_moment_is_written_in_utc(moment: datetime) -> None:
    """A moment is written with Z and read back as the same moment."""
    if moment.year in (1, 9999):
        return
    written = write_datetime(moment)
    assert written.endswith("Z")
    assert parse_datetime(written) == moment


@pytest.mark.parametrize("value", ["2026-01-31T12:00:00", "2026-01-31", "yesterday", 5, None, "2026-13-01T00:00:00Z"])
def test_a_moment_has_its_offset(value: object) -> None:
    """A moment without its offset from UTC, or that is none, is refused."""
    with pytest.raises(ValueError):
        parse_datetime(value)


@given(st.dates())
def test_a_day_survives_the_round_trip(day: date) -> None:
    """A day is written and read back as the same day."""
    assert parse_date(write_date(day)) == day


@pytest.mark.parametrize("value", ["eur", "EURO", "E1R", "", 978])
def test_a_currency_is_three_capitals(value: object) -> None:
    """Currencies are three capital letters."""
    with pytest.raises(ValueError):
        parse_currency(value)
