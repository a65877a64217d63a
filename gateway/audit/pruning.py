"""Forgetting what has been kept long enough: the only way in which the audit log grows shorter."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from gateway.audit.entering import Book
from gateway.audit.tables import audit

BATCH = 500
"""Rows of one transaction, for which whoever writes at that moment waits some 20 ms."""


def prune(connection: Connection, before: float, limit: int = BATCH) -> bool:
    """Forget up to `limit` records of before then, in seconds since the epoch. Answers whether there may be more."""
    oldest = select(audit.c.seq).where(audit.c.at < before).order_by(audit.c.at).limit(limit)
    gone = delete(audit).where(audit.c.seq.in_(oldest)).returning(audit.c.seq)
    return len(connection.execute(gone).all()) >= limit


def prune_a_batch(book: Book, before: float) -> bool:
    """The same in a transaction of its own."""
    with book.database.writing.begin() as connection:
        return prune(connection, before)
