"""Events from outside, kept before they are acknowledged and taken in the order in which each entity's arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from domains.durable import Event, ExceptionSource, Severity
from gateway.database import Database
from gateway.durable.exceptions import close_exceptions, open_exception
from gateway.durable.tables import inbox

PENDING, DONE, REJECTED = "PENDING", "DONE", "REJECTED"
"""What becomes of an event: it waits, was taken, or cannot be taken as it is."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode


@dataclass(frozen=True, slots=True)
class Letter:
    """An event in the inbox, claimed. `source` is whose door it came through; `tries` counts those that failed, and
    `why` says what kept it from being taken before."""

    seq: int
    source: str
    event: Event
    tries: int
    why: str | None

    @property
    def about(self) -> str:
        """How exceptions call it."""
        return _about(self.source, self.event.source, self.event.id)


def keep(connection: Connection, database: Database, source: str, events: Sequence[Event], now: float) -> int:
    """Keep the events that have not come through this door before, by their own source and id, which together are one
    event's alone (CloudEvents 1.0.2, 3.1.1). Answers how many those are."""
    rows = [
        {
            "source": source,
            "event_source": event.source,
            "event_id": event.id,
            "type": event.type,
            "entity": _entity(source, event),
            "state": PENDING,
            "event": _encode(event).decode(),
            "received_at": now,
            "tries": 0,
            "due_at": now,
        }
        for event in events
    ]
    news = database.insert(inbox).values(rows)
    kept = news.on_conflict_do_nothing(index_elements=["source", "event_source", "event_id"]).returning(inbox.c.seq)
    return len(connection.execute(kept).all())


def claim(connection: Connection, *, holder: str, lease_s: float, most: int, now: float) -> list[Letter]:
    """Up to `most` events that are due, none of which waits for an earlier one of its entity. Nobody else has them
    until the lease runs out."""
    earlier = inbox.alias("earlier")
    blocked = (
        select(earlier.c.seq)
        .where(earlier.c.entity == inbox.c.entity, earlier.c.state == PENDING, earlier.c.seq < inbox.c.seq)
        .exists()
    )
    free = or_(inbox.c.held_until.is_(None), inbox.c.held_until <= now)
    due = (
        select(inbox.c.seq)
        .where(inbox.c.due_at <= now, inbox.c.state == PENDING, free, ~blocked)
        .order_by(inbox.c.due_at, inbox.c.seq)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    seqs = connection.execute(due).scalars().all()
    if not seqs:
        return []
    ours = (
        update(inbox)
        .where(inbox.c.seq.in_(seqs))
        .values(holder=holder, held_until=now + lease_s)
        .returning(inbox.c.seq, inbox.c.source, inbox.c.event, inbox.c.tries, inbox.c.why)
    )
    rows = sorted(connection.execute(ours).all(), key=lambda row: row.seq)
    return [Letter(row.seq, row.source, _decode(row.event), row.tries, row.why) for row in rows]


def mishear(connection: Connection, source: str, event_id: str, why: str, now: float) -> None:
    """Lay what cannot be read on the list of exceptions; sent again, the newest stands for all."""
    about = _about(source, source, event_id)
    close_exceptions(connection, ExceptionSource.EVENT, about, "It was sent again.", now=now)
    open_exception(
        connection,
        ExceptionSource.EVENT,
        about,
        title=f"An event of {source} cannot be read: {why}",
        impact="What it tells is not known here.",
        severity=Severity.WARNING,
        now=now,
    )


def is_any_due(connection: Connection, now: float) -> bool:
    """Whether there may be something to claim: a look that takes no lock."""
    due = select(inbox.c.seq).where(inbox.c.due_at <= now, inbox.c.state == PENDING).limit(1)
    return connection.execute(due).first() is not None


def done(connection: Connection, letter: Letter, holder: str) -> bool:
    """It was taken. False, with nothing written, when somebody else has it by now."""
    return _close(connection, letter, holder, state=DONE, due_at=None, why=None)


def rejected(connection: Connection, letter: Letter, holder: str, why: str) -> bool:
    """It cannot be taken as it is, however often it is tried. As `done`."""
    return _close(connection, letter, holder, state=REJECTED, due_at=None, why=why)


def later(connection: Connection, letter: Letter, holder: str, why: str, due_at: float) -> bool:
    """It could not be taken now. As `done`."""
    return _close(connection, letter, holder, state=PENDING, due_at=due_at, why=why, tries=letter.tries + 1)


def reopen(connection: Connection, letter: Letter, why: str, due_at: float) -> None:
    """Have it taken again after all, in the transaction that took it."""
    waiting = update(inbox).where(inbox.c.seq == letter.seq)
    connection.execute(waiting.values(state=PENDING, due_at=due_at, why=why))


def again(
    connection: Connection,
    *,
    now: float,
    since: float | None = None,
    until: float | None = None,
    entity: str | None = None,
    event_id: str | None = None,
) -> int:
    """Have events taken once more: those received in a time, about an entity, or of one id. Answers how many.

    Whoever takes them changes nothing that is newer by now. Why one could not be taken is kept until it is.
    """
    return _anew(connection, and_(inbox.c.state != PENDING, _chosen(since, until, entity, event_id)), now)


def again_about(connection: Connection, about: str, now: float) -> bool:
    """As `again`, of the one event that exceptions call so, also when its next try was to come later. False when it is
    not kept."""
    source, _, rest = about.partition("/")
    event_source, _, event_id = rest.partition("#")
    key = (inbox.c.source == source, inbox.c.event_source == unquote(event_source), inbox.c.event_id == event_id)
    return _anew(connection, and_(*key), now) > 0


def _anew(connection: Connection, chosen: ColumnElement[bool], now: float) -> int:
    due = (
        update(inbox)
        .where(chosen)
        .values(state=PENDING, due_at=now, tries=0, holder=None, held_until=None)
        .returning(inbox.c.seq)
    )
    return len(connection.execute(due).all())


def waiting(
    connection: Connection,
    *,
    since: float | None = None,
    until: float | None = None,
    entity: str | None = None,
    event_id: str | None = None,
) -> int:
    """How many of these events are yet to be taken."""
    chosen = _chosen(since, until, entity, event_id)
    count: int = connection.execute(
        select(func.count()).select_from(inbox).where(inbox.c.state == PENDING, chosen)
    ).scalar_one()
    return count


def _chosen(since: float | None, until: float | None, entity: str | None, event_id: str | None) -> ColumnElement[bool]:
    wanted = [
        inbox.c.received_at >= since if since is not None else None,
        inbox.c.received_at < until if until is not None else None,
        inbox.c.entity == entity if entity is not None else None,
        inbox.c.event_id == event_id if event_id is not None else None,
    ]
    chosen = [condition for condition in wanted if condition is not None]
    if not chosen:
        raise ValueError("name a time, an entity or an id: not everything that was ever heard")
    return and_(*chosen)


def _close(connection: Connection, letter: Letter, holder: str, **values: object) -> bool:
    ours = update(inbox).where(inbox.c.seq == letter.seq, inbox.c.holder == holder)
    closed = ours.values(**values, holder=None, held_until=None).returning(inbox.c.seq)
    return connection.execute(closed).scalar() is not None


def _entity(source: str, event: Event) -> str:
    """Whose order counts. An event that names nobody waits for nobody."""
    return f"{source}/{event.subject}" if event.subject is not None else f"{source}//{event.source}#{event.id}"


def _about(source: str, event_source: str, event_id: str) -> str:
    """The door, the event's own source and its id, as in "erp/https://erp.example/stock#4711". What is a `#` of the
    second is written %23, so that each can be read out of it again."""
    return f"{source}/{event_source.replace('%', '%25').replace('#', '%23')}#{event_id}"
