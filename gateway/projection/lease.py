"""One reader at a time: a row in the database that names it, and that it must renew with every page it writes."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection, delete, select, update

from gateway.database import Database
from gateway.projection.kinds import leases

LEASE_S = 30.0
"""Longer than any call to the ERP takes with its retries, so that a live reader does not lose its place; and how long
a reader that was killed keeps others waiting."""

_NAME = "refresh"


class LeaseLost(Exception):
    """Another process reads now. What this one has in hand is not written."""


@dataclass(frozen=True)
class Lease:
    """Who reads, and for how many seconds since it last wrote."""

    holder: str
    lease_s: float = LEASE_S

    @classmethod
    def new(cls, lease_s: float = LEASE_S) -> Lease:
        """A name no other process has, which says where to look for this one."""
        return cls(f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}", lease_s)


def take(connection: Connection, database: Database, lease: Lease, now: float) -> str | None:
    """Become the reader, if nobody is or whoever was has not written for too long. Answers who reads otherwise."""
    row = database.insert(leases).values(name=_NAME, holder=lease.holder, expires_at=now + lease.lease_s)
    taken = row.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": row.excluded.holder, "expires_at": row.excluded.expires_at},
        where=(leases.c.expires_at <= now) | (leases.c.holder == lease.holder),
    ).returning(leases.c.holder)
    if connection.execute(taken).scalar() is not None:
        return None
    other: str = connection.execute(select(leases.c.holder).where(leases.c.name == _NAME)).scalar_one()
    return other


def renew(connection: Connection, lease: Lease, now: float) -> None:
    """Stay the reader, even if the time was over, as long as nobody else took it. Raises LeaseLost.

    Called inside the transaction that writes: a reader that was suspended and replaced cannot write when it wakes up.
    """
    still = update(leases).where(leases.c.name == _NAME, leases.c.holder == lease.holder)
    if connection.execute(still.values(expires_at=now + lease.lease_s).returning(leases.c.holder)).scalar() is None:
        raise LeaseLost(f"{lease.holder} is not the reader any more")


def release(connection: Connection, lease: Lease) -> None:
    connection.execute(delete(leases).where(leases.c.name == _NAME, leases.c.holder == lease.holder))
