"""Looking through a Reading, so that a GraphQL object may stand on a canonical record with or without its origin."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from domains.vocabulary import Page, Reading, UpstreamError

T = TypeVar("T")
C = TypeVar("C", bound=Callable[..., bool])
R = TypeVar("R", bound=Callable[..., object])


def by_class(check: C) -> C:
    """Marks an `is_type_of` that asks for nothing but the class of a record, in a Reading or not.

    An engine may then remember its verdict for all records of the class.
    """
    check.by_class = True  # type: ignore[attr-defined]  # read by the engine
    return check


def by_record(resolver: R) -> R:
    """Marks a resolver that answers the same whenever it is given the same record, in a Reading or not.

    An engine may then remember its answer.
    """
    resolver.by_record = True  # type: ignore[attr-defined]  # read by the engine
    return resolver


def read(source: object, name: str) -> Any:
    """The default resolver: attribute `name` of a record, or of the record inside a Reading."""
    return getattr(source.value if type(source) is Reading else source, name)


def value_of(source: Reading[T] | T) -> T:
    """The record itself."""
    return source.value if isinstance(source, Reading) else source


def each(reading: Reading[Any], values: Iterable[T]) -> list[Reading[T]]:
    """The members of what was read together, each with the freshness of the whole."""
    return [Reading(value, reading.source, reading.tier, reading.observed_at, reading.max_age_s) for value in values]


def instead(reading: Reading[Any], value: T) -> Reading[T]:
    """`value`, which was made of a reading, with that reading's freshness."""
    return Reading(value, reading.source, reading.tier, reading.observed_at, reading.max_age_s)


def first_of(reading: Reading[Page[T]] | UpstreamError | None) -> Reading[T] | UpstreamError | None:
    """The first item of what a page was asked for, with the page's freshness; None when there is none."""
    return next(iter(each(reading, reading.value.items[:1])), None) if isinstance(reading, Reading) else reading


@dataclass(frozen=True, slots=True)
class Made:
    """What a field shows when it was worked out of readings and carries none itself: a verdict, a page, a single word.

    The field tells `of`, and shows `value`.
    """

    value: object
    of: tuple[Reading[Any], ...]
