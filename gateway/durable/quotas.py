"""How many steps a system takes: at once, counted by live leases, and per second, from a bucket of tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, update

from domains.vocabulary import SystemRole
from gateway.database import Database
from gateway.durable.policy import Quota
from gateway.durable.tables import flows, quotas

_ROUNDING = 1e-9  # 0.1 s at ten a second are one token, also in binary fractions


class Room(NamedTuple):
    """How many more steps may begin now, and the tokens there are."""

    steps: int
    tokens: float


def prepare_quotas(connection: Connection, database: Database, settings: Mapping[SystemRole, Quota]) -> None:
    """A full bucket for each system that has none."""
    rows = [
        {"system": system.value, "tokens": _deep(quota.per_s), "filled_at": 0.0}
        for system, quota in sorted(settings.items(), key=lambda item: item[0].value)
    ]
    connection.execute(database.insert(quotas).on_conflict_do_nothing(index_elements=["system"]), rows)


def set_quota(connection: Connection, system: SystemRole, at_once: int | None, per_s: float | None) -> None:
    """From now on all workers keep to these; None is what the settings say. 0 at once lets nothing begin."""
    changed = update(quotas).where(quotas.c.system == system.value)
    connection.execute(changed.values(at_once=at_once, per_s=per_s))


def quota_of(connection: Connection, system: SystemRole, settings: Mapping[SystemRole, Quota]) -> Quota:
    """What is in force."""
    row = connection.execute(select(quotas).where(quotas.c.system == system.value)).one()
    return _in_force(row.at_once, row.per_s, settings[system])


_BUCKET = select(quotas).where(quotas.c.system == bindparam("of_system")).with_for_update()
_HELD = select(func.count()).where(
    flows.c.queue == bindparam("of_system"),
    flows.c.holder.is_not(None),
    flows.c.held_until > bindparam("now"),
    flows.c.id != bindparam("but"),
)
_SPEND = (
    update(quotas)
    .where(quotas.c.system == bindparam("of_system"))
    .values(tokens=bindparam("left"), filled_at=bindparam("now"))
)


def room(connection: Connection, system: str, settings: Mapping[SystemRole, Quota], now: float, but: str = "") -> Room:
    """How many more steps `system` takes, not counting the flow `but`. Until the transaction is over nobody else may
    ask this of the system."""
    row = connection.execute(_BUCKET, {"of_system": system}).one()
    quota = _in_force(row.at_once, row.per_s, settings[SystemRole(system)])
    held = connection.execute(_HELD, {"of_system": system, "now": now, "but": but}).scalar_one()
    filled = row.tokens + max(0.0, now - row.filled_at) * quota.per_s
    tokens = min(filled, _deep(quota.per_s))
    return Room(max(0, min(quota.at_once - held, math.floor(tokens + _ROUNDING))), tokens)


def spend(connection: Connection, system: str, left: float, now: float) -> None:
    """`left` tokens remain. In the transaction that asked for room."""
    connection.execute(_SPEND, {"of_system": system, "left": left, "now": now})


def _in_force(at_once: int | None, per_s: float | None, settings: Quota) -> Quota:
    return Quota(
        at_once=settings.at_once if at_once is None else at_once, per_s=settings.per_s if per_s is None else per_s
    )


def _deep(per_s: float) -> float:
    """What a bucket holds: one second's worth, and never less than a whole step, unless none may begin."""
    return max(1.0, per_s) if per_s else 0.0
