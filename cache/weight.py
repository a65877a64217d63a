"""What a value weighs in memory."""

import enum
import sys
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import chain

import msgspec


def weigh(thing: object) -> int:
    """Bytes, measured. What values share (enum members, None, booleans, the empty tuple) weighs nothing.

    Strings are taken to be each value's own, as they are when values are decoded.
    """
    kind = type(thing)
    if kind in _LEAVES:
        return sys.getsizeof(thing)
    if kind in _ALIKE:
        return _ALIKE[kind]
    size, parts = _taken_apart(thing)
    # Every value that is kept is weighed, part by part: what can be said of a part without a call is said here.
    for part in parts:
        kind = type(part)
        if kind in _LEAVES:
            size += sys.getsizeof(part)
        elif kind in _ALIKE:
            size += _ALIKE[kind]
        elif part is not _NOTHING:
            size += weigh(part)
    return size


def _taken_apart(thing: object) -> tuple[int, Iterable[object]]:
    """The weight of what holds the parts, and the parts."""
    kind = type(thing)
    if isinstance(thing, msgspec.Struct):
        size = _STRUCTS.get(kind) or _STRUCTS.setdefault(kind, sys.getsizeof(thing))
        return size, msgspec.structs.astuple(thing)
    if thing is _NOTHING:
        return 0, ()
    if isinstance(thing, enum.Enum):
        return _ALIKE.setdefault(kind, 0), ()
    if isinstance(thing, dict):
        return sys.getsizeof(thing), chain(thing.keys(), thing.values())
    return sys.getsizeof(thing), thing if isinstance(thing, _MANY) else ()


_NOTHING: tuple[object, ...] = ()  # there is only one
_LEAVES = frozenset({str, int, bytes, Decimal, datetime, date})
_MANY = (tuple, list, frozenset, set)

# Of these all values weigh the same. Enumerations and structs are added as they come; there are as many as are written.
_ALIKE: dict[type, int] = {type(None): 0, bool: 0, float: sys.getsizeof(1.0)}
_STRUCTS: dict[type, int] = {}
