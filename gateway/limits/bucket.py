"""What a caller has left of something that is refilled evenly: the arithmetic, without a store and without a clock."""

from __future__ import annotations

from math import inf
from typing import NamedTuple, TypeAlias


class Draw(NamedTuple):
    """`amount` is taken out of the bucket `name`, which holds `size` and refills by `refill_per_s` each second.

    A negative amount gives back. A bucket nobody has heard of is full.
    """

    name: str
    size: float
    refill_per_s: float
    amount: float


Level: TypeAlias = tuple[float, float]
"""What was in a bucket, and when, in seconds. Below 0: more was spent than there was."""


def drawn(level: Level | None, draw: Draw, now: float) -> tuple[float, Level]:
    """How long until the bucket holds what is drawn: 0.0 when it does, infinite when it never will. And the bucket
    after it was taken, whether it held it or not.

    What was spent beyond it is remembered to the size of the bucket, so that a debt is paid off in the time that an
    empty one takes to fill.
    """
    _, size, refill_per_s, amount = draw
    if level is None:
        left = size
    else:
        left, at = level
        if now > at:
            left += (now - at) * refill_per_s
        if left > size:  # noqa: PLR1730 - a call of `min` takes as long as all the rest
            left = size
    missing, wait_s = amount - left, 0.0
    if missing > _ROUNDING:
        wait_s = inf if refill_per_s <= 0 or amount > size else missing / refill_per_s
    left -= amount
    if not -size <= left <= size:
        left = size if left > size else -size
    return wait_s, (left, now)


_ROUNDING = 1e-9  # floats: a bucket that was told to wait for 0.1 s holds what it promised then
