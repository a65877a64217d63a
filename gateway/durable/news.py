"""The news: domain events in the order in which they were committed. Subscriptions follow it, and the outbox."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, insert, select, text

from domains.durable import Event
from gateway.durable.tables import news

SOURCE = "retailgraph"

_LOCK = 7_281_993_460_117_025_003  # any number that no other program takes for its own advisory lock


_ALONE = text("SELECT pg_advisory_xact_lock(:lock)")
_TELL = insert(news)
_TOLD = [column for column in news.c if not column.primary_key]
# In one message, as every message more is time in which nobody else tells: the row has its number when the lock is had,
# because a function in FROM is called before the defaults of what it yields.
_TELL_ALONE = insert(news).from_select(
    _TOLD,
    select(*(bindparam(column.name, type_=column.type) for column in _TOLD)).select_from(
        func.pg_advisory_xact_lock(bindparam("lock", type_=BigInteger)).table_valued("locked")
    ),
)


class Told(NamedTuple):
    """An event and its place in the news."""

    seq: int
    event: Event


def tell(connection: Connection, event: Event, now: float) -> None:
    """Append `event`, as the last thing that its transaction does: on Postgres, whoever tells next waits for its end.

    Numbers are given before a transaction commits. Without the lock a reader could see the second of two events, go on
    behind it, and never see the first.
    """
    row = {
        "id": event.id,
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "happened_at": event.time.timestamp(),
        "correlation_id": event.correlation_id,
        "data": bytes(event.data).decode(),
        "told_at": now,
    }
    if connection.dialect.name == "postgresql":
        connection.execute(_TELL_ALONE, row | {"lock": _LOCK})
    else:
        connection.execute(_TELL, row)


def tell_once(connection: Connection, event: Event, now: float) -> None:
    """As `tell`, unless an event of this id was told before."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE, {"lock": _LOCK})
    if connection.execute(select(news.c.seq).where(news.c.id == event.id)).first() is None:
        tell(connection, event, now)


def news_after(
    connection: Connection,
    seq: int,
    limit: int,
    *,
    types: Collection[str] | None = None,
    subjects: Collection[str] | None = None,
) -> list[Told]:
    """Up to `limit` events behind `seq`, of these types and about these subjects; None is all of them."""
    query = select(news).where(news.c.seq > seq).order_by(news.c.seq).limit(limit)
    if types is not None:
        query = query.where(news.c.type.in_(types))
    if subjects is not None:
        query = query.where(news.c.subject.in_(subjects))
    return [Told(row.seq, _event(row)) for row in connection.execute(query)]


def news_end(connection: Connection) -> int:
    """The place of the newest event; 0 when there was none."""
    newest: int = connection.execute(select(func.coalesce(func.max(news.c.seq), 0))).scalar_one()
    return newest


def _event(row: Any) -> Event:
    return Event(
        id=row.id,
        type=row.type,
        source=row.source,
        time=datetime.fromtimestamp(row.happened_at, UTC),
        subject=row.subject,
        sequence=row.seq,
        correlation_id=row.correlation_id,
        data=msgspec.Raw(row.data.encode()),
    )
