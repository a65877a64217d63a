"""A feed: everything of one kind that a system of record keeps, page by page, each with its place in its history."""

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from domains.vocabulary.record import Record

T = TypeVar("T")

FEED_PAGE_MAX = 1000
"""Most items one page of a feed may hold."""


class FeedQuery(NamedTuple):
    """One page of a walk: at most `limit` items behind the cursor `after` (None begins), of what changed at or after
    `changed_since` (None asks for everything).

    A cursor is the system's own, good for the walk it was given in. A reading of a page says in `observed_at` up to
    when the system had looked: the first page's moment is what the next walk's `changed_since` continues from.
    """

    after: str | None
    limit: int
    changed_since: datetime | None = None


class Sequenced(Record, Generic[T], frozen=True, kw_only=True):
    """A record and its `sequence`: of two versions of one entity the higher is the newer, whenever each arrives.

    `removed` says that the entity is gone; its record then needs to hold no more than its key.
    """

    sequence: int
    record: T
    removed: bool = False


class FeedPage(Record, Generic[T], frozen=True, kw_only=True):
    """Items in the feed's own order. `next` is the cursor behind them, None at the end; `total` roughly how many items
    the whole walk has, where the system knows."""

    items: tuple[Sequenced[T], ...] = ()
    next: str | None = None
    total: int | None = None
