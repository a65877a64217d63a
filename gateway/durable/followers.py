"""How far each destination outside has been told the news. One process at a time tells one of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from gateway.database import Database
from gateway.durable.news import news_end
from gateway.durable.tables import followers, news


@dataclass(frozen=True, slots=True)
class Follower:
    """A destination, claimed: it knows the news up to `seq`, and `tries` attempts at the next have failed."""

    name: str
    seq: int
    tries: int


def follow(connection: Connection, database: Database, name: str, now: float) -> None:
    """Begin to follow where the news ends now; whoever follows already goes on where it is."""
    row = database.insert(followers).values(name=name, seq=news_end(connection), tries=0, due_at=now)
    connection.execute(row.on_conflict_do_nothing(index_elements=["name"]))


def claim(connection: Connection, name: str, *, holder: str, lease_s: float, now: float) -> Follower | None:
    """The destination, if there is news for it, it is due, and nobody else tells it; ours until the lease is over."""
    behind = followers.c.seq < select(news.c.seq).order_by(news.c.seq.desc()).limit(1).scalar_subquery()
    free = or_(followers.c.held_until.is_(None), followers.c.held_until <= now)
    ours = (
        update(followers)
        .where(followers.c.name == name, followers.c.due_at <= now, free, behind)
        .values(holder=holder, held_until=now + lease_s)
        .returning(followers.c.name, followers.c.seq, followers.c.tries)
    )
    row = connection.execute(ours).first()
    return None if row is None else Follower(row.name, row.seq, row.tries)


def told(connection: Connection, follower: Follower, holder: str, *, up_to: int, now: float) -> None:
    """It has taken everything up to `up_to`."""
    _release(connection, follower.name, holder, seq=up_to, tries=0, due_at=now, why=None)


def refused(connection: Connection, follower: Follower, holder: str, *, up_to: int, due_at: float, why: str) -> None:
    """It has taken everything up to `up_to`, and not what follows: it is told again at `due_at`."""
    tries = 1 if up_to > follower.seq else follower.tries + 1
    _release(connection, follower.name, holder, seq=up_to, tries=tries, due_at=due_at, why=why)


def put_down(connection: Connection, name: str, holder: str, *, up_to: int | None) -> None:
    """It has taken everything up to `up_to`, or nothing at all, and somebody else may tell it what follows."""
    _release(connection, name, holder, **({} if up_to is None else {"seq": up_to}))


def _release(connection: Connection, name: str, holder: str, **values: object) -> None:
    # Whoever lost the lease meanwhile writes nothing: the other one tells on, and events may come twice.
    ours = update(followers).where(followers.c.name == name, followers.c.holder == holder)
    connection.execute(ours.values(**values, holder=None, held_until=None))
