"""How long what failed is left alone, and when a person is told of it."""

from __future__ import annotations

PAUSE_LEAST_S, PAUSE_MOST_S = 0.5, 300.0

ALARM_AT = 10
"""Attempts in a row after which a person is told: some five minutes."""


def pause_s(tries: int) -> float:
    """Seconds until the next attempt after so many in a row, doubling from the first."""
    # The exponent is bounded, because 2.0 ** 1100 is an OverflowError and attempts are not.
    return min(PAUSE_MOST_S, PAUSE_LEAST_S * 2.0 ** min(tries - 1, 32))
