"""What a caller has left of something that is refilled evenly: the arithmetic, without a store and without a clock."""

from __future__ import annotations

from typing import NamedTuple


class Draw(NamedTuple):
    """`amount` is taken out of the bucket `name`, which holds `size` and refills by `refill_per_s` each second.

    A negative amount gives back. A bucket nobody has heard of is full.
    """

    name: str
    size: float
    refill_per_s: float
    amount: float


class Level(NamedTuple):
    """What was in a bucket at the time `at`, in seconds. Below 0: more was spent than there was."""

    left: float
    at: float


def left_of(level: Level | None, draw: Draw, now: float) -> float:
    """What is in the bucket now."""
    if level is None:
        return draw.size
    since_s = now - level.at
    left = level.left if since_s <= 0 else level.left + since_s * draw.refill_per_s
    return min(draw.size, left)


def wait_s(left: float, draw: Draw) -> float:
    """How long until the bucket holds what is drawn; 0.0 when it does. Infinite when it never will."""
    missing = draw.amount - left
    if missing <= _ROUNDING:
        return 0.0
    if draw.refill_per_s <= 0 or draw.amount > draw.size:
        return float("inf")
    return missing / draw.refill_per_s


def drawn(left: float, draw: Draw, now: float) -> Level:
    """The bucket afterwards. What was spent beyond it is remembered to the size of the bucket, so that a debt is paid
    off in the time that an empty one takes to fill."""
    left, size = left - draw.amount, draw.size
    if not -size <= left <= size:
        left = size if left > size else -size
    return Level(left, now)


_ROUNDING = 1e-9  # floats: a bucket that was told to wait for 0.1 s holds what it promised then
