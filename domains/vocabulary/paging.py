"""One page of a longer list."""

from typing import Generic, TypeVar

from domains.vocabulary.record import Record

T = TypeVar("T")


class Page(Record, Generic[T], frozen=True, kw_only=True):
    """Items in the list's own order. An item's id is its cursor: the next page starts `after` the last id seen."""

    items: tuple[T, ...] = ()
    has_next: bool = False
