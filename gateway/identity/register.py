"""The register of API keys: a table of the database, written by `retailgraph keys` and read by all processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Double,
    Index,
    MetaData,
    Row,
    Table,
    Text,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
    update,
)

from domains.vocabulary import CustomerId, LocationId
from gateway.database import TROUBLE, Database, Desk, open_database
from gateway.identity.callers import digest_of
from gateway.identity.keyring import KeysUnavailable
from gateway.identity.keys import ApiKey, make_token
from resolvers.context import Caller

KEYS_MAX = 2000
"""Live ones. They are for partners and machines; all of them are kept in memory, and read in some 10 ms."""

OWNERS = "key:"
"""Stands before the subject of whoever comes with an API key: no issuer's caller can have the same name."""

LIVE_MAX = 2
"""Of one owner: the one in use, and the one it is replaced by."""

READ_CONNECTIONS = 1  # all keys are read in one go, every few seconds
READ_TIMEOUT_S = 2.0  # somebody may be waiting for the answer

_LOCK = 7_281_993_460_117_025_006  # any number that no other program takes for its own advisory lock
METADATA = MetaData()

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # with spaces between
    Column("customer", Text),
    Column("store", Text),
    Column("region", Text),
    Column("channel", Text),
    Column("created_at", Double, nullable=False),
    Column("ends_at", Double),  # None: when it is revoked
    Column("revoked_at", Double),
    Index("api_keys_subject", "subject"),
)
"""Rows are never deleted: logs outlive keys, and name their holders. Times are seconds since the epoch."""


class KeyRefused(Exception):
    """What was asked for cannot be done, in a sentence."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as it may be shown."""

    id: str
    caller: Caller
    created_at: float
    ends_at: float | None
    revoked_at: float | None

    def state(self, now: float) -> str:
        """LIVE, ENDED or REVOKED."""
        if self.revoked_at is not None:
            return "REVOKED"
        return "ENDED" if self.ends_at is not None and self.ends_at <= now else "LIVE"


class Register:
    """The register, opened when it is first asked for."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._url = url
        self._clock = clock
        self._desk: Desk | None = None

    async def live_keys(self) -> Mapping[str, ApiKey]:
        """Every live key by its id. Raises KeysUnavailable."""
        try:
            if self._desk is None:
                self._desk = Desk(open_database(self._url, READ_CONNECTIONS))
            async with asyncio.timeout(READ_TIMEOUT_S):
                return await self._desk.read(lambda connection: live_keys(connection, self._clock()))
        except (*TROUBLE, TimeoutError) as exc:
            raise KeysUnavailable(f"the database cannot be asked: {type(exc).__name__}") from exc

    async def aclose(self) -> None:
        if self._desk is not None:
            await self._desk.close()


def prepare(database: Database, connection: Connection) -> None:
    """Make the table if it is not there, and let no other process change keys until the transaction ends."""
    if database.is_postgres:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    METADATA.create_all(connection)


def live_keys(connection: Connection, now: float) -> dict[str, ApiKey]:
    """Every live key; none where nobody has made one yet."""
    if not inspect(connection).has_table(api_keys.name):
        return {}
    rows = connection.execute(select(api_keys).where(_live(now)).limit(KEYS_MAX))
    return {row.id: ApiKey(bytes.fromhex(row.digest), _bearer(row), row.ends_at) for row in rows}


def listed(connection: Connection, subject: str | None) -> list[Listed]:
    """Keys, the newest first: those of one owner, or all."""
    query = select(api_keys).order_by(api_keys.c.created_at.desc())
    rows = connection.execute(query if subject is None else query.where(api_keys.c.subject == subject))
    return [Listed(row.id, _caller(row), row.created_at, row.ends_at, row.revoked_at) for row in rows]


def create(connection: Connection, caller: Caller, now: float, ends_at: float | None) -> str:
    """The token of a first key for an owner. Raises KeyRefused when there is one, or no room."""
    if _live_of(connection, caller.subject, now):
        raise KeyRefused(f"{caller.subject} has a live key. `keys rotate` makes its successor.")
    return _added(connection, caller, now, ends_at)


def rotate(connection: Connection, subject: str, now: float, old_ends_at: float, ends_at: float | None) -> str:
    """The token of a second key; the first goes on until `old_ends_at`. Raises KeyRefused unless there is just one, and
    when there is no room for two."""
    live = _live_of(connection, subject, now)
    if not live:
        raise KeyRefused(f"{subject} has no live key. `keys create` makes one.")
    if len(live) >= LIVE_MAX:
        ids = " and ".join(row.id for row in live)
        raise KeyRefused(f"{subject} has two live keys, {ids}: revoke the one that is no longer used.")
    (old,) = live
    until = old_ends_at if old.ends_at is None else min(old.ends_at, old_ends_at)
    connection.execute(update(api_keys).where(api_keys.c.id == old.id).values(ends_at=until))
    return _added(connection, _caller(old), now, ends_at)


def revoke(connection: Connection, named: str, now: float) -> list[str]:
    """End the key of this id, or all of this owner, at once; the ids of those that were live."""
    mine = (api_keys.c.id == named) | (api_keys.c.subject == named)
    live = list(connection.execute(select(api_keys.c.id).where(mine, _live(now))).scalars())
    connection.execute(update(api_keys).where(api_keys.c.id.in_(live)).values(revoked_at=now))
    return live


def _added(connection: Connection, caller: Caller, now: float, ends_at: float | None) -> str:
    """The token of one more key. Raises KeyRefused when there is no room: of more than are read, some would be refused
    at the door."""
    if connection.execute(select(func.count()).select_from(api_keys).where(_live(now))).scalar_one() >= KEYS_MAX:
        raise KeyRefused(f"There are {KEYS_MAX} live keys, and no room for more. Revoke what nobody uses.")
    id_, token = make_token()
    connection.execute(
        insert(api_keys),
        {
            "id": id_,
            "digest": digest_of(token).hex(),
            "subject": caller.subject,
            "audience": caller.audience,
            "scopes": " ".join(sorted(caller.scopes)),
            "customer": caller.customer_id,
            "store": caller.store_id,
            "region": caller.region,
            "channel": caller.channel,
            "created_at": now,
            "ends_at": ends_at,
        },
    )
    return token


def _live_of(connection: Connection, subject: str, now: float) -> list[Row[Any]]:
    return list(connection.execute(select(api_keys).where(api_keys.c.subject == subject, _live(now))))


def _live(now: float) -> ColumnElement[bool]:
    return api_keys.c.revoked_at.is_(None) & or_(api_keys.c.ends_at.is_(None), api_keys.c.ends_at > now)


def _caller(row: Row[Any]) -> Caller:
    return Caller(
        subject=row.subject,
        audience=row.audience,
        scopes=frozenset(row.scopes.split()),
        customer_id=None if row.customer is None else CustomerId(row.customer),
        store_id=None if row.store is None else LocationId(row.store),
        region=row.region,
        channel=row.channel,
    )


def _bearer(row: Row[Any]) -> Caller:
    caller = _caller(row)
    return replace(caller, subject=OWNERS + caller.subject)
