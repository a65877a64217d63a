"""How facts are written: rows of the open contracts' JSON, and the check digit under GS1 keys."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

Row = dict[str, Any]
"""One document in the contract's JSON shape: camelCase members, decimals as strings, instants in RFC 3339."""

CURRENCY = "EUR"

# GS1 keeps prefix 952 for demonstrations and examples, so that no number here belongs to a real company.
GS1_PREFIX = "952"


def money(cents: int) -> Row:
    """`cents` as a Money row, e.g. 1250 -> {"amount": "12.50", "currencyCode": "EUR"}."""
    sign, cents = ("-" if cents < 0 else ""), abs(cents)
    return {"amount": f"{sign}{cents // 100}.{cents % 100:02d}", "currencyCode": CURRENCY}


def cents_of(row: Row) -> int:
    """The cents of a Money row written by `money`."""
    return int(str(row["amount"]).replace(".", ""))


def instant(moment: datetime) -> str:
    """A UTC moment to the second, e.g. "2026-03-01T09:30:00Z"."""
    return moment.isoformat()[:19] + "Z"


def gs1_key(number: int) -> str:
    """A 13-digit GTIN or GLN: the demonstration prefix, nine digits of `number`, the check digit.

    GS1 General Specifications, 7.9: weights 3 and 1 from the right, up to the next multiple of ten.
    """
    body = f"{GS1_PREFIX}{number:09d}"
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return f"{body}{-weighted % 10}"


def stream(seed: int, noun: str) -> random.Random:
    """The random numbers of one noun. Nouns have a stream each, so that more of one does not change another."""
    return random.Random(f"{seed}:{noun}")  # noqa: S311 - a made-up world needs repeatable numbers, not secret ones
