"""Points that the gateway holds, for engines that cannot: one table, and one rule about what may be in it.

Of one membership never more points are open than the balance that was read for the newest hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import msgspec
import structlog
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, or_, select, text, update

from domains.durable import Event, JournalUnavailable
from domains.loyalty import KeptHold, LoyaltyRedemption, RedemptionQuery, RedemptionState, expired, is_open, points_in
from domains.upstream import correlation_id
from domains.vocabulary import IdempotencyKey, MembershipId, Page, RedemptionId
from gateway.database import TROUBLE, Database, Desk, open_database
from gateway.durable.line import Line
from gateway.durable.news import SOURCE, tell
from gateway.durable.tables import holds, prepare

R = TypeVar("R")

CONNECTIONS = 4
"""Two statements of a millisecond: this carries some thousand holds a second."""

KEEP_S = 400 * 86_400.0
"""An order that is called off, or a return, gives points back by its redemption: a year, and a month to be late."""

PRUNED_AT_ONCE = 20
"""With each hold up to so many old ones go, so that the table shrinks faster than it grows, and nobody waits."""

NEWS = "retail.balance.hold.v1"
"""Told when points are held, spent, or given back here; its data is the redemption."""

_MEMBERS = 7_281_994  # any number that no other program takes for its own advisory locks of two

_ALONE = text("SELECT pg_advisory_xact_lock(:space, hashtext(:member))")
_DECODER = msgspec.json.Decoder(KeptHold)
_OPEN = (RedemptionState.HELD.value, RedemptionState.UNKNOWN.value)

_log = structlog.get_logger(__name__)


class Mark(NamedTuple):
    """Which holds of a membership there are and which of them are open: by it one sees later that one was spent."""

    newest: int
    open: frozenset[str]


@dataclass(frozen=True, slots=True)
class TooFew:
    """The hold would exceed the balance: so many points are left, which may be less than none."""

    available: Decimal


@dataclass(frozen=True, slots=True)
class Moved:
    """A hold was spent since the mark was taken, so the balance read since may be one from before."""


class Holds:
    """The holds of every membership. All methods raise JournalUnavailable when the database cannot be asked."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._desk = Desk(database)
        # As in the journal: those of one process wait in line, not for the file's lock.
        self._line = Line(database.connections if database.is_postgres else 1)

    async def close(self) -> None:
        await self._desk.close()

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    async def by_id(self, ids: Collection[RedemptionId]) -> dict[RedemptionId, KeptHold]:
        """The holds of these ids as they are now; an absent one does not exist."""
        now = self.now
        found = await self._read(lambda connection: _rows(connection, holds.c.id.in_(ids)))
        return {RedemptionId(row.id): expired(_kept(row), now) for row in found}

    async def by_key(self, key: IdempotencyKey) -> KeptHold | None:
        """The hold that was made under `key`."""
        now = self.now
        found = await self._read(lambda connection: _rows(connection, holds.c.key == key))
        return next((expired(_kept(row), now) for row in found), None)

    async def in_play(
        self, members: Collection[MembershipId], changed_since: float
    ) -> dict[MembershipId, tuple[KeptHold, ...]]:
        """The holds of these memberships that are open, or that changed after `changed_since` (seconds since the
        epoch). A membership without any is absent."""
        playing = or_(holds.c.state.in_(_OPEN), holds.c.changed_at > changed_since)
        found = await self._read(lambda c: _rows(c, and_(holds.c.membership_id.in_(members), playing)))
        grouped: dict[MembershipId, tuple[KeptHold, ...]] = {}
        now = self.now
        for row in found:
            member = MembershipId(row.membership_id)
            grouped[member] = (*grouped.get(member, ()), expired(_kept(row), now))
        return grouped

    async def page(self, query: RedemptionQuery) -> Page[LoyaltyRedemption]:
        """A page of one membership's redemptions, newest first."""
        now = self.now
        found = await self._read(lambda connection: _page(connection, query, now.timestamp()))
        items = tuple(expired(_kept(row), now).redemption for row in found[: query.first])
        return Page(items=items, has_next=len(found) > query.first)

    async def mark(self, member: MembershipId) -> Mark:
        """How things stand with a membership, to be taken before its balance is read."""
        return await self._read(lambda connection: _mark(connection, member))

    async def place(self, kept: KeptHold, balance: Decimal, mark: Mark) -> KeptHold | TooFew | Moved:
        """Hold, if `balance`, read after `mark` was taken, has room for it beside all other open holds.

        Answers the hold as it is; a hold that was made under the same key before is answered instead.
        """

        correlation = correlation_id.get()

        def work(connection: Connection) -> KeptHold | TooFew | Moved:
            redemption, now = kept.redemption, self.now
            member = redemption.membership_id
            if self._database.is_postgres:
                connection.execute(_ALONE, {"space": _MEMBERS, "member": member})
            for row in _rows(connection, holds.c.key == redemption.reference):
                return expired(_kept(row), now)
            if _mark(connection, member) != mark:
                return Moved()
            opened = [_kept(row) for row in _rows(connection, _open_of(member))]
            left = balance - points_in(one for one in opened if is_open(one, now))
            if redemption.points.value > left:
                return TooFew(left)
            _note_expired(connection, opened, now)
            _prune(connection, now.timestamp() - KEEP_S)
            connection.execute(insert(holds), {"key": redemption.reference, **_columns(kept, now)})
            tell(connection, _news(kept, now, correlation), now.timestamp())
            return kept

        return await self._write(work)

    async def change(self, id_: RedemptionId, step: Callable[[KeptHold, datetime], KeptHold]) -> KeptHold | None:
        """The hold after `step`, which is given it as it is now; None when there is none."""

        correlation = correlation_id.get()

        def work(connection: Connection) -> KeptHold | None:
            row = connection.execute(select(holds).where(holds.c.id == id_).with_for_update()).first()
            if row is None:
                return None
            before, now = _kept(row), self.now
            after = step(expired(before, now), now)
            if after != before:
                connection.execute(update(holds).where(holds.c.id == id_), _columns(after, now))
            if after.state not in (before.state, RedemptionState.UNKNOWN):
                tell(connection, _news(after, now, correlation), now.timestamp())
            return after

        return await self._write(work)

    async def _write(self, work: Callable[[Connection], R]) -> R:
        async with self._line.turn(hurry=True):
            try:
                return await self._desk.write(work)
            except TROUBLE as exc:
                raise _unavailable(exc) from exc

    async def _read(self, work: Callable[[Connection], R]) -> R:
        try:
            return await self._desk.read(work)
        except TROUBLE as exc:
            raise _unavailable(exc) from exc


@asynccontextmanager
async def open_holds(url: str, clock: Callable[[], float]) -> AsyncIterator[Holds]:
    """The holds in the journal's database at `url`. `clock` is in seconds since the epoch. Raises DatabaseUnusable."""
    database = open_database(url, CONNECTIONS)
    kept = Holds(database, clock)
    try:
        await asyncio.to_thread(prepare, database)
        yield kept
    finally:
        await kept.close()


def _open_of(member: MembershipId) -> ColumnElement[bool]:
    return and_(holds.c.membership_id == member, holds.c.state.in_(_OPEN))


def _rows(connection: Connection, where: ColumnElement[bool]) -> list[Row[Any]]:
    return list(connection.execute(select(holds).where(where).order_by(holds.c.seq)))


def _mark(connection: Connection, member: MembershipId) -> Mark:
    # The newest first: a hold that is made between the two is then seen to be newer, if it is spent before the end.
    newest = select(func.coalesce(func.max(holds.c.seq), 0)).where(holds.c.membership_id == member)
    number: int = connection.execute(newest).scalar_one()
    opened = (_kept(row) for row in _rows(connection, _open_of(member)))
    # A reversal on its way was spent before.
    return Mark(number, frozenset(one.redemption.id for one in opened if one.reversal is None))


def _page(connection: Connection, query: RedemptionQuery, now: float) -> list[Row[Any]]:
    where = [holds.c.membership_id == query.membership_id]
    if query.after is not None:
        seen = select(holds.c.seq).where(holds.c.id == query.after).scalar_subquery()
        where.append(holds.c.seq < seen)
    if query.state is not None:
        where.append(_is_in(query.state, now))
    newest = select(holds).where(*where).order_by(holds.c.seq.desc()).limit(query.first + 1)
    return list(connection.execute(newest))


def _is_in(state: RedemptionState, now: float) -> ColumnElement[bool]:
    over = and_(holds.c.state == RedemptionState.HELD.value, holds.c.expires_at <= now)
    if state is RedemptionState.EXPIRED:
        return or_(holds.c.state == state.value, over)
    return and_(holds.c.state == state.value, ~over)


def _note_expired(connection: Connection, opened: list[KeptHold], now: datetime) -> None:
    """Write down what is over, so that it is not looked at again with every later hold."""
    for kept in opened:
        after = expired(kept, now)
        if after is not kept:
            connection.execute(update(holds).where(holds.c.id == after.redemption.id), _columns(after, now))


def _prune(connection: Connection, before: float) -> None:
    old = and_(holds.c.changed_at < before, holds.c.state != RedemptionState.UNKNOWN.value)
    some = select(holds.c.seq).where(old).order_by(holds.c.changed_at).limit(PRUNED_AT_ONCE)
    some = some.with_for_update(skip_locked=True)  # two who prune at once prune different rows
    connection.execute(delete(holds).where(holds.c.seq.in_(some)))


def _columns(kept: KeptHold, now: datetime) -> Mapping[str, Any]:
    redemption = kept.redemption
    return {
        "id": redemption.id,
        "membership_id": redemption.membership_id,
        "state": redemption.state.value,
        "kept": msgspec.json.encode(kept).decode(),
        "expires_at": (redemption.expires_at or now).timestamp(),
        "changed_at": now.timestamp(),
    }


def _news(kept: KeptHold, now: datetime, correlation: str | None) -> Event:
    """What the membership's balance is to be read again for: the engine, which knows no holds, tells nobody of them."""
    redemption = kept.redemption
    return Event(
        id=f"{redemption.id}#{uuid4().hex}",
        type=NEWS,
        source=SOURCE,
        time=now,
        subject=f"LoyaltyMembership:{redemption.membership_id}",
        correlation_id=correlation,
        data=msgspec.Raw(msgspec.json.encode(redemption)),
    )


def _kept(row: Row[Any]) -> KeptHold:
    return _DECODER.decode(row.kept)


def _unavailable(exc: Exception) -> JournalUnavailable:
    _log.warning("the holds' database failed", error=str(exc.__cause__ or exc))
    return JournalUnavailable("Holds of points cannot be read or written now. Try again in a moment.")
