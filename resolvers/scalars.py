"""The scalars of the schema. What comes in is bounded before anything computes with it."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import NewType

import strawberry
from graphql import FloatValueNode, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

CurrencyCode = NewType("CurrencyCode", str)

DECIMAL_CHARACTERS_MAX = 40
DECIMAL_PLACES_MAX = 20
"""Digits before, and digits behind, the decimal point. More than any ledger carries, and cheap to compute with."""

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def parse_decimal(value: object) -> Decimal:
    """A finite decimal from a string or a JSON number. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _refused('a decimal is a string such as "12.50", or a number')
    if isinstance(value, int) and abs(value) >= 10**DECIMAL_PLACES_MAX:
        raise _out_of_bounds()  # before it is written out, which takes time with its length
    text = value if isinstance(value, str) else repr(value)
    if len(text) <= DECIMAL_PLACES_MAX and text.isascii() and text.isdigit():
        return Decimal(text)  # a count, as most quantities are: 0.3 us instead of 2
    if len(text) > DECIMAL_CHARACTERS_MAX:
        raise _out_of_bounds()
    if not _DECIMAL.fullmatch(text):
        raise _refused('a decimal is finite and looks like "12.50"')
    try:
        decimal = Decimal(text)
    except InvalidOperation as error:
        raise _out_of_bounds() from error
    exponent = decimal.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -DECIMAL_PLACES_MAX or decimal.adjusted() >= DECIMAL_PLACES_MAX:
        raise _out_of_bounds()
    return decimal


def parse_decimal_literal(node: ValueNode, _variables: object = None) -> Decimal:
    """As `parse_decimal`, from a document: its digits as they were written, never through a float."""
    if not isinstance(node, StringValueNode | IntValueNode | FloatValueNode):
        raise _refused('a decimal is a string such as "12.50", or a number')
    return parse_decimal(node.value)


def write_decimal(value: object) -> str:
    """Plain digits without an exponent. Raises ValueError for what is no finite decimal."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError("not a finite decimal")
    text = str(value)
    if "E" not in text and len(text) <= DECIMAL_CHARACTERS_MAX:
        return text  # as nearly all are: half the time of formatting
    if abs(value.adjusted()) > DECIMAL_CHARACTERS_MAX:
        raise ValueError("not a finite decimal")
    return f"{value:f}"


def parse_datetime(value: object) -> datetime:
    """A moment with its offset from UTC, RFC 3339. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _refused('a moment looks like "2026-01-31T12:00:00Z", with its offset from UTC')
    return moment


def write_datetime(value: object) -> str:
    """RFC 3339 in UTC, ending in Z. Raises ValueError for what is no moment."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("not a moment with a time zone")
    moment = value if value.tzinfo is UTC else value.astimezone(UTC)  # which most are: a third of the time
    return moment.isoformat().replace("+00:00", "Z")


def parse_date(value: object) -> date:
    """A calendar day, ISO 8601. Raises ValueError."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        day = None
    if day is None:
        raise _refused('a day looks like "2026-01-31"')
    return day


def write_date(value: object) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError("not a calendar day")
    return value.isoformat()


def parse_currency(value: object) -> CurrencyCode:
    """Three capital letters. Raises ValueError."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise _refused('a currency is three capital letters, such as "EUR"')
    return CurrencyCode(value)


def _refused(allowed: str) -> ValueError:
    """An error that graphql-core puts behind the place and the value; its text is for clients."""
    return ValueError(allowed)


def _out_of_bounds() -> ValueError:
    return _refused(f"a decimal has at most {DECIMAL_PLACES_MAX} digits before and behind the point")


SCALARS: Mapping[object, ScalarDefinition] = {
    Decimal: strawberry.scalar(
        name="Decimal",
        description='An exact, finite decimal number, written as a string without an exponent: "12.50".',
        serialize=write_decimal,
        parse_value=parse_decimal,
        parse_literal=parse_decimal_literal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description='A moment, RFC 3339 with its offset from UTC: "2026-01-31T12:00:00Z".',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=write_datetime,
        parse_value=parse_datetime,
    ),
    date: strawberry.scalar(
        name="Date",
        description='A calendar day, ISO 8601: "2026-01-31".',
        serialize=write_date,
        parse_value=parse_date,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description='A currency, ISO 4217: "EUR".',
        serialize=str,
        parse_value=parse_currency,
    ),
}
