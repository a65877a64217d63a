"""The ledger of keyed writes: one row says whose a key is, for which input, and what was answered.

The functions speak inside a transaction of the caller's, so that an answer and the flow behind it are kept together.
A row has no holder. Whoever wakes up after its lease ran out may settle beside the one who took over: both wrote
outside under the same key, so they did the same thing once, and the first answer stands.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, bindparam, delete, or_, select

from domains.durable import Begun, InFlight, OtherInput, Replayed, Write
from gateway.database import Database
from gateway.durable.tables import ledger

UNSETTLED_S = 86_400.0
"""How long a write that was begun and never ended keeps its key for its own input: nobody knows what became of it."""

ASK_AGAIN_S = 1.0
"""The least that anybody is told to wait for a write in flight."""


_OVER = ledger.c.expires_at <= bindparam("now")
_LEFT = ledger.c.held_until <= bindparam("now")
_OF_KEY = select(ledger).where(ledger.c.key == bindparam("of_key"))


def _put(insert: Callable[[Table], Any], *left: ColumnElement[bool]) -> Any:
    """Writes the whole row where there is none, one whose time is over, or one of the same input without an answer
    that was `left`."""
    row = insert(ledger)
    free = or_(_OVER, and_(ledger.c.answer.is_(None), ledger.c.fingerprint == row.excluded.fingerprint, *left))
    others = {column.name: row.excluded[column.name] for column in ledger.c if not column.primary_key}
    return row.on_conflict_do_update(index_elements=["key"], set_=others, where=free).returning(ledger.c.key)


# Built once: that takes ten times what it takes to run them again.


@cache
def _begin(insert: Callable[[Table], Any]) -> Any:
    return _put(insert, _LEFT)


@cache
def _settle(insert: Callable[[Table], Any]) -> Any:
    return _put(insert)


def begin(
    connection: Connection, database: Database, write: Write, now: float, lease_s: float
) -> Begun | Replayed | InFlight | OtherInput:
    """Claim `write` for `lease_s` seconds, or say what became of it. Of all who try at once, one is told Begun.

    A write that nobody ended within its lease may be begun again with the same input: its key outside is the same.
    """
    row = _row(write, None, None, began_at=now, held_until=now + lease_s, expires_at=now + UNSETTLED_S)
    if connection.execute(_begin(database.insert), row | {"now": now}).scalar() is not None:
        return Begun()
    # The row that stood in the way is locked by the statement above, so it is still there.
    return _standing(connection.execute(_OF_KEY, {"of_key": write.key}).one(), write, now)


def settle(
    connection: Connection,
    database: Database,
    write: Write,
    answer: bytes,
    flow_id: str | None,
    *,
    now: float,
    keep_s: float,
) -> bool:
    """Keep `answer` (JSON) for `keep_s` seconds. False when another answer, or another input, has the key by now.

    Also without a row: it may have been given back by somebody who took it over and was refused.
    """
    row = _row(write, answer.decode(), flow_id, began_at=now, held_until=now, expires_at=now + keep_s)
    return connection.execute(_settle(database.insert), row | {"now": now}).scalar() is not None


def abandon(connection: Connection, write: Write) -> None:
    """Give the key back, unless an answer is kept under it by now."""
    connection.execute(
        delete(ledger).where(
            ledger.c.key == write.key, ledger.c.fingerprint == write.fingerprint, ledger.c.answer.is_(None)
        )
    )


def prune(connection: Connection, now: float, limit: int) -> int:
    """Forget up to `limit` rows whose time is over; answers how many."""
    over = ledger.c.expires_at <= now
    oldest = select(ledger.c.key).where(over).order_by(ledger.c.expires_at).limit(limit)
    # Looked at twice: Postgres may find a row that was begun anew since it made the list.
    gone = delete(ledger).where(ledger.c.key.in_(oldest), over).returning(ledger.c.key)
    return len(connection.execute(gone).all())


def _row(write: Write, answer: str | None, flow_id: str | None, **times: float) -> dict[str, Any]:
    return {
        "key": write.key,
        "fingerprint": write.fingerprint,
        "operation": write.operation,
        "caller": write.caller,
        "answer": answer,
        "flow_id": flow_id,
        **times,
    }


def _standing(row: Row[Any], write: Write, now: float) -> Replayed | InFlight | OtherInput:
    if row.fingerprint != write.fingerprint:
        return OtherInput()
    if row.answer is not None:
        return Replayed(row.answer.encode())
    # As long again as it has taken so far: soon for what is quick, and seldom for what hangs until its lease is over.
    return InFlight(max(ASK_AGAIN_S, min(now - row.began_at, row.held_until - now)))
