"""How far the reading of each kind has come: a row per kind, written in the transaction that writes the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.projection.kinds import Kind, refreshes

FAILURE_MAX = 300  # characters of an error that are kept for people


@dataclass(frozen=True)
class Walk:
    """One reading of a feed from its beginning to its end, full or of what changed since. Times are in seconds since
    the epoch; `as_of` is the moment of its first page, and `cursor` where the next page begins."""

    is_full: bool
    started_at: float
    changed_since: float | None = None
    as_of: float | None = None
    cursor: str | None = None
    pages: int = 0
    items: int = 0
    news: int = 0

    def onwards(self, as_of: float, cursor: str | None, items: int) -> Walk:
        """The walk after one more page."""
        return replace(
            self,
            as_of=as_of if self.as_of is None else self.as_of,
            cursor=cursor,
            pages=self.pages + 1,
            items=self.items + items,
        )


@dataclass(frozen=True)
class State:
    """What is known of one kind: nothing is older than `as_of`, and None says that it was never read to the end.

    `failures` counts the attempts since the last walk that ended well. `walk` is the one under way, if any.
    """

    as_of: float | None
    full_at: float | None
    finished_at: float | None
    failures: int
    failed_at: float | None
    failure: str | None
    walk: Walk | None

    @property
    def is_cold(self) -> bool:
        return self.as_of is None


def state_of(connection: Connection, kind: Kind[Any, Any]) -> State:
    return _state(connection.execute(select(refreshes).where(refreshes.c.kind == kind.name)).one())


def note(connection: Connection, kind: Kind[Any, Any], walk: Walk) -> None:
    """This is the walk under way, and how far it has come."""
    _set(connection, kind, _columns(walk))


def finish(connection: Connection, kind: Kind[Any, Any], walk: Walk, now: float) -> None:
    """The walk came to the end of its feed: everything is at least as new as its first page."""
    values: dict[str, Any] = {"as_of": walk.as_of, "finished_at": now, "failures": 0, "failed_at": None}
    if walk.is_full:
        values["full_at"] = now
    _set(connection, kind, {**_columns(walk), **values, "failure": None, "started_at": None, "cursor": None})


def abandon(connection: Connection, kind: Kind[Any, Any]) -> None:
    """Give up the walk under way; the next one begins at the beginning."""
    _set(connection, kind, {"started_at": None, "cursor": None})


def fail(connection: Connection, kind: Kind[Any, Any], failure: str, now: float) -> int:
    """Note a failed attempt. Answers how many there were in a row."""
    failures = refreshes.c.failures + 1
    noted = update(refreshes).where(refreshes.c.kind == kind.name)
    values = {"failures": failures, "failed_at": now, "failure": failure[:FAILURE_MAX]}
    count: int = connection.execute(noted.values(**values).returning(refreshes.c.failures)).scalar_one()
    return count


def _set(connection: Connection, kind: Kind[Any, Any], values: dict[str, Any]) -> None:
    connection.execute(update(refreshes).where(refreshes.c.kind == kind.name).values(**values))


def _columns(walk: Walk) -> dict[str, Any]:
    return {
        "started_at": walk.started_at,
        "is_full": walk.is_full,
        "changed_since": walk.changed_since,
        "walk_as_of": walk.as_of,
        "cursor": walk.cursor,
        "pages": walk.pages,
        "items": walk.items,
        "news": walk.news,
    }


def _state(row: Row[Any]) -> State:
    walk = None
    if row.started_at is not None:
        walk = Walk(
            is_full=row.is_full,
            started_at=row.started_at,
            changed_since=row.changed_since,
            as_of=row.walk_as_of,
            cursor=row.cursor,
            pages=row.pages,
            items=row.items,
            news=row.news,
        )
    return State(
        as_of=row.as_of,
        full_at=row.full_at,
        finished_at=row.finished_at,
        failures=row.failures,
        failed_at=row.failed_at,
        failure=row.failure,
        walk=walk,
    )
