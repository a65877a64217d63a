"""Who works on which flow: claiming what is due, keeping it, and writing what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, bindparam, select, update

from domains.durable import FlowState
from domains.vocabulary import SystemRole
from gateway.database import Database
from gateway.durable import quotas
from gateway.durable.outcomes import record, system_of
from gateway.durable.policy import Quota
from gateway.durable.progress import Standing, begun, parked
from gateway.durable.rows import Hold, Kept, Workflows, load
from gateway.durable.tables import flows


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims, what they know how to do, and under which numbers."""

    database: Database
    workflows: Workflows
    quotas: Mapping[SystemRole, Quota]
    holder: str
    lease_s: float

    def hold(self, now: float) -> Hold:
        return Hold(self.holder, now + self.lease_s)


def _claimable(system: str) -> ColumnElement[bool]:
    """Due, of a kind that is known here, and with no earlier unfinished flow about its subject or what it is behind."""
    earlier = flows.alias("earlier")
    unfinished = select(earlier.c.seq).where(earlier.c.finished_at.is_(None), earlier.c.seq < flows.c.seq)
    return and_(
        flows.c.queue == bindparam(system, system),
        flows.c.due_at <= bindparam("now"),
        flows.c.kind.in_(bindparam("kinds", expanding=True)),
        ~unfinished.where(earlier.c.subject == flows.c.subject).exists(),
        ~unfinished.where(earlier.c.subject == flows.c.behind).exists(),
    )


_DUE = select(
    *(select(flows.c.seq).where(_claimable(role.value)).limit(1).exists().label(role.value) for role in SystemRole)
)
_CLAIM = (
    select(flows)
    .where(_claimable("system"))
    .order_by(flows.c.due_at, flows.c.seq)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_RENEW = (
    update(flows)
    .where(flows.c.id.in_(bindparam("ids", expanding=True)), flows.c.holder == bindparam("ours"))
    .values(held_until=bindparam("until"), due_at=bindparam("until"))
    .returning(flows.c.id, flows.c.epoch)
)


def due_systems(connection: Connection, workflows: Workflows, now: float) -> list[str]:
    """The systems for which some flow can be claimed, as far as quotas allow."""
    row = connection.execute(_DUE, {"now": now, "kinds": list(workflows)}).one()
    return [role.value for role, due in zip(SystemRole, row, strict=True) if due]


def claim(connection: Connection, claimant: Claimant, system: str, most: int, now: float) -> list[Kept]:
    """Up to `most` flows whose next step is for `system`, with an attempt begun on each. Nobody else has them until
    the lease runs out."""
    there_is = quotas.room(connection, system, claimant.quotas, now)
    if not (most := min(most, there_is.steps)):
        return []
    given = {"system": system, "now": now, "kinds": list(claimant.workflows), "most": most}
    claimed = [
        record(
            connection,
            claimant.database,
            claimant.workflows[kept.kind],
            kept,
            begun(kept.standing, now),
            now=now,
            hold=claimant.hold(now),
            next_epoch=True,
        )
        for kept in load(connection, _CLAIM, given)
    ]
    if claimed:
        quotas.spend(connection, system, there_is.tokens - len(claimed), now)
    return claimed


def go_on(
    connection: Connection, claimant: Claimant, kept: Kept, standing: Standing, now: float, *, stay: bool
) -> Kept:
    """Write what an attempt left, and with `stay` begin the next one at once where its system has room.

    The answer is RUNNING when it was begun. Raises Fenced, with nothing written.
    """
    workflow = claimant.workflows[kept.kind]
    if standing.state is not FlowState.RUNNING:
        return record(connection, claimant.database, workflow, kept, standing, now=now, holder=claimant.holder)
    system = system_of(workflow, standing.at)
    there_is = quotas.room(connection, system, claimant.quotas, now, but=kept.id) if stay else None
    if there_is is None or not there_is.steps:
        # Two writes would be two states; that it got on is told by the marks, and that it waits by the flow.
        return record(
            connection, claimant.database, workflow, kept, parked(standing, now), now=now, holder=claimant.holder
        )
    quotas.spend(connection, system, there_is.tokens - 1, now)
    hold = claimant.hold(now)
    return record(
        connection, claimant.database, workflow, kept, begun(standing, now), now=now, hold=hold, holder=claimant.holder
    )


def renew(connection: Connection, claimant: Claimant, held: Mapping[str, int], now: float) -> set[str]:
    """Keep what is held, by flow and epoch. Answers what is still ours: also past its time, if nobody took it."""
    given = {"ids": sorted(held), "ours": claimant.holder, "until": now + claimant.lease_s}
    return {row.id for row in connection.execute(_RENEW, given) if held[row.id] == row.epoch}
