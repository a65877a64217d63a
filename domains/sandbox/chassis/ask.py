"""Strict reading of request bodies: 400 when the bytes are not a JSON object, 422 when its shape is wrong."""

import re
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from domains.sandbox.chassis.route import Refused

KEYS_MAX = 500
"""Most keys one lookup may hold, as the contract says."""

# Bounded on purpose: a decimal of a million digits is an attack, not a price. No exponent, NaN or Infinity.
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")

_ID = re.compile(r"[^/\s]{1,64}")


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Raises Refused 400 MALFORMED_JSON for anything else."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise Refused(400, "MALFORMED_JSON", f"The body is not JSON: {exc}.") from exc
    if not isinstance(body, dict):
        raise Refused(400, "MALFORMED_JSON", "The body must be a JSON object.")
    return body


def misshapen(detail: str) -> Refused:
    """The refusal of a body that is JSON and not what the endpoint asks for."""
    return Refused(422, "INVALID_BODY", detail)


def want_list(body: dict[str, Any], name: str, most: int = KEYS_MAX, least: int = 0) -> list[Any]:
    """A list of `least` to `most` items of any kind."""
    value = body.get(name)
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise misshapen(f"`{name}` must be a list of {least} to {most} items.")
    return value


def want_texts(body: dict[str, Any], name: str, most: int = KEYS_MAX) -> list[str]:
    """A list of at most `most` strings."""
    values = want_list(body, name, most)
    if not all(isinstance(value, str) for value in values):
        raise misshapen(f"`{name}` must hold strings.")
    return values


def want_objects(body: dict[str, Any], name: str, most: int = KEYS_MAX, least: int = 0) -> list[dict[str, Any]]:
    """A list of `least` to `most` objects."""
    values = want_list(body, name, most, least)
    if not all(isinstance(value, dict) for value in values):
        raise misshapen(f"`{name}` must hold objects.")
    return values


def want_object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise misshapen(f"`{name}` must be an object.")
    return value


def want_text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise misshapen(f"`{name}` must be a string.")
    return value


def maybe_text(body: dict[str, Any], name: str) -> str | None:
    """A string, or None when it is null or left out."""
    return None if body.get(name) is None else want_text(body, name)


def want_member(body: dict[str, Any], name: str, allowed: Collection[str]) -> str:
    """One of the words of an enumeration."""
    value = want_text(body, name)
    if value not in allowed:
        raise misshapen(f"`{name}` must be one of {', '.join(sorted(allowed))}.")
    return value


def maybe_member(body: dict[str, Any], name: str, allowed: Collection[str]) -> str | None:
    return None if body.get(name) is None else want_member(body, name, allowed)


def want_id(body: dict[str, Any], name: str) -> str:
    """An id that the caller made up: 1 to 64 characters that are neither slashes nor spaces."""
    value = want_text(body, name)
    if not _ID.fullmatch(value):
        raise misshapen(f"`{name}` must be 1 to 64 characters without slashes and spaces.")
    return value


def maybe_id(body: dict[str, Any], name: str) -> str | None:
    return None if body.get(name) is None else want_id(body, name)


def want_int(body: dict[str, Any], name: str, least: int, most: int) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise misshapen(f"`{name}` must be a whole number from {least} to {most}.")
    return value


def want_decimal(body: dict[str, Any], name: str) -> Decimal:
    """An exact decimal, written as a string: at most 18 digits before and 9 after the point."""
    value = body.get(name)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise misshapen(f'`{name}` must be a decimal number in a string, such as "12.50".')
    return Decimal(value)


def want_instant(body: dict[str, Any], name: str) -> datetime:
    """A moment with a time zone, in RFC 3339."""
    text = want_text(body, name)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise misshapen(f"`{name}` must be an RFC 3339 date and time.") from None
    if moment.tzinfo is None:
        raise misshapen(f"`{name}` must have a time zone.")
    return moment


def want_money(body: dict[str, Any], name: str) -> tuple[Decimal, str]:
    """Amount and currency code of a Money object."""
    money = want_object(body, name)
    return want_decimal(money, "amount"), want_text(money, "currencyCode")
