"""The journal, read past the product: whether everything that was accepted is finished."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import func, select, update

from gateway.database import TROUBLE, Database, open_database
from gateway.durable.tables import exceptions, flows, quotas, steps

LOOK_EVERY_S = 0.1


class JournalRows:
    """What stands in the tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def states(self) -> Counter[tuple[str, str]]:
        """How many flows of each kind are in each state."""
        with self._database.reading.connect() as connection:
            found = connection.execute(
                select(flows.c.kind, flows.c.state, func.count()).group_by(flows.c.kind, flows.c.state)
            )
            return Counter({(kind, state): count for kind, state, count in found})

    def unfinished(self) -> list[str]:
        """Each flow that is not over, with where it stands and why."""
        columns = flows.c.kind, flows.c.id, flows.c.state, flows.c.step, flows.c.tries, flows.c.why
        with self._database.reading.connect() as connection:
            rows = connection.execute(select(*columns).where(flows.c.finished_at.is_(None)))
            return [" ".join(map(str, row)) for row in rows]

    def waits_for_people(self) -> list[str]:
        """Open exceptions that do not end by themselves."""
        urgent = select(exceptions.c.title, exceptions.c.impact).where(
            exceptions.c.resolved_at.is_(None), exceptions.c.severity == "URGENT"
        )
        with self._database.reading.connect() as connection:
            return [" ".join(row) for row in connection.execute(urgent)]

    def standing(self, kind: str) -> tuple[str, str | None, int]:
        """State, step and epoch of the newest flow of a kind."""
        newest = select(flows.c.state, flows.c.step, flows.c.epoch).where(flows.c.kind == kind)
        with self._database.reading.connect() as connection:
            row = connection.execute(newest.order_by(flows.c.seq.desc()).limit(1)).one()
        return row.state, row.step, row.epoch

    def attempts(self) -> int:
        """How often steps were begun, all told."""
        with self._database.reading.connect() as connection:
            return int(connection.execute(select(func.coalesce(func.sum(steps.c.attempts), 0))).scalar_one())

    def let_begin(self, system: str, at_once: int | None) -> None:
        """How many steps `system` takes at once; None is what the settings say."""
        with self._database.writing.begin() as connection:
            connection.execute(update(quotas).where(quotas.c.system == system).values(at_once=at_once))

    def drain(self, within_s: float) -> float:
        """Wait until nothing is unfinished; answers the seconds. Fails when it takes longer, saying what is left."""
        began, left = time.monotonic(), ["the journal cannot be read"]
        while (waited_s := time.monotonic() - began) < within_s:
            with suppress(*TROUBLE):
                left = self.unfinished()
            if not left:
                return waited_s
            time.sleep(LOOK_EVERY_S)
        raise AssertionError(f"{len(left)} flows are unfinished after {within_s:.0f} s:\n" + "\n".join(left[:20]))


@contextmanager
def journal_rows(url: str) -> Iterator[JournalRows]:
    """The rows behind `url`, whose tables are made by then."""
    database = open_database(url, 2)
    try:
        yield JournalRows(database)
    finally:
        database.close()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """An SQLite file that somebody else writes, without an end."""
    database = open_database(url, 1)
    try:
        with database.writing.begin():
            yield
    finally:
        database.close()
