"""What a value weighs in memory."""

import enum
import sys
from datetime import date, datetime
from decimal import Decimal

import msgspec


def weigh(thing: object) -> int:
    """Bytes, measured. What values share (enum members, None, booleans, the empty tuple) weighs nothing.

    Strings are taken to be each value's own, as they are when values are decoded.
    """
    if type(thing) in _LEAVES:
        return sys.getsizeof(thing)
    if thing is None or thing == () or isinstance(thing, bool | enum.Enum):
        return 0
    size = sys.getsizeof(thing)
    if isinstance(thing, msgspec.Struct):
        return size + sum([weigh(getattr(thing, name)) for name in thing.__struct_fields__])
    if isinstance(thing, dict):
        return size + sum([weigh(key) + weigh(value) for key, value in thing.items()])
    if isinstance(thing, tuple | list | frozenset | set):
        return size + sum([weigh(item) for item in thing])
    return size


_LEAVES = frozenset({str, int, float, bytes, Decimal, datetime, date})
