"""Redemptions: points that were set aside here are spent with an order, or free again once their hold is over."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, ColumnElement, Connection, and_, cast, func, or_, select

from domains.durable import FlowState
from domains.loyalty import Loyalty, LoyaltyRedemption
from domains.vocabulary import RedemptionId, SystemRole
from gateway.durable import Journal
from gateway.durable.tables import flows, ledger
from gateway.reconcile.checking import PAGE, Checked, Leaf
from gateway.reconcile.order_expectation import SUBMIT
from gateway.reconcile.redemption_comparison import compare_redemption
from gateway.reconcile.turns import Turns
from resolvers.kept_answers import read_answer

HOLD = "loyaltyRedemptionHold"
"""The operation under which the ledger of keyed writes has them."""

GRACE_S = 60.0  # an engine that looks once a minute for what ran out is on time

_PREFIX = "LoyaltyRedemption:"
_GIVEN_UP = [FlowState.COMPENSATED.value, FlowState.CANCELED.value]


class _Held(NamedTuple):
    at: float
    key: str
    redemption: RedemptionId


class Redemptions:
    """Every hold that the ledger of keyed writes remembers: those of two days."""

    name = "redemptions"
    second_look_s = 2.0

    def __init__(self, journal: Journal, turns: Turns, loyalty: Loyalty) -> None:
        self._journal = journal
        self._turns = turns
        self._redemptions = loyalty.redemptions

    async def total(self, since: float) -> int | None:
        def work(connection: Connection) -> int:
            total: int = connection.execute(select(func.count()).select_from(ledger).where(_holds(since))).scalar_one()
            return total

        return await self._journal.read(work)

    async def page(self, since: float, cursor: str | None) -> Leaf:
        found, behind = await self._journal.read(lambda connection: _page(connection, since, cursor))
        return Leaf(await self._compared([held.redemption for held in found]), behind)

    async def again(self, keys: Collection[str]) -> tuple[Checked, ...]:
        return await self._compared([RedemptionId(key.removeprefix(_PREFIX)) for key in keys])

    async def _compared(self, ids: Collection[RedemptionId]) -> tuple[Checked, ...]:
        if not ids:
            return ()
        said = await self._turns.ask(SystemRole.LOYALTY, self._redemptions, ids)
        ordered = await self._journal.read(lambda connection: _spent(connection, ids))
        in_time = datetime.fromtimestamp(self._journal.clock() - GRACE_S, UTC)
        return tuple(_checked(id_, said.get(id_), id_ in ordered, in_time) for id_ in ids)


def _checked(id_: RedemptionId, said: LoyaltyRedemption | None, ordered: bool, in_time: datetime) -> Checked:
    key = f"{_PREFIX}{id_}"
    return Checked(key, f"redemption {id_}", compare_redemption(key, said, has_order=ordered, now=in_time))


def _holds(since: float) -> ColumnElement[bool]:
    return and_(ledger.c.operation == HOLD, ledger.c.answer.is_not(None), ledger.c.began_at >= since)


def _page(connection: Connection, since: float, cursor: str | None) -> tuple[list[_Held], str | None]:
    """The holds behind a cursor, and the cursor behind them."""
    query = select(ledger.c.began_at, ledger.c.key, ledger.c.answer).where(_holds(since))
    if cursor is not None:
        at, _, key = cursor.partition(" ")
        behind = or_(ledger.c.began_at > float(at), and_(ledger.c.began_at == float(at), ledger.c.key > key))
        query = query.where(behind)
    rows = connection.execute(query.order_by(ledger.c.began_at, ledger.c.key).limit(PAGE)).all()
    found = [
        _Held(row.began_at, row.key, id_)
        for row in rows
        if row.answer is not None and (id_ := _redemption(row.answer)) is not None
    ]
    return found, f"{rows[-1].began_at!r} {rows[-1].key}" if len(rows) == PAGE else None


def _redemption(answer: str) -> RedemptionId | None:
    """The redemption that was answered; None when it was a refusal."""
    try:
        kept = read_answer(answer.encode(), (LoyaltyRedemption,)).answer
    except LookupError:
        return None
    return kept.id if isinstance(kept, LoyaltyRedemption) else None


def _spent(connection: Connection, ids: Collection[RedemptionId]) -> frozenset[str]:
    """Those of these with which orders were submitted and not given up.

    The database looks through what was submitted in a month, which may be a million orders, and hands over only these.
    """
    command: ColumnElement[Any] = flows.c.command
    if connection.dialect.name == "sqlite":
        spends = func.json_extract(command, "$.redemptionId")
    else:
        spends = cast(command, JSON)["redemptionId"].as_string()
    query = select(spends).where(
        flows.c.kind == SUBMIT,
        flows.c.state.not_in(_GIVEN_UP),
        command.like('%"redemptionId":"%'),
        spends.in_(sorted(ids)),
    )
    return frozenset(connection.execute(query).scalars())
