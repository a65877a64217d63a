"""The inbox, however much it has taken."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from gateway.database import open_database
from gateway.durable import inbox
from gateway.durable.tables import prepare
from tests.gateway.durable.shop import START


def test_what_was_taken_does_not_slow_what_is_to_be_taken(sqlite_url: str) -> None:
    """Whether an event waits for an earlier one is looked up among those that are pending, and not among a week of the
    same entity's, while nobody else can write."""
    database, asked = open_database(sqlite_url, 1), []

    def executed(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    prepare(database)
    with database.writing.begin() as connection:
        event.listen(connection, "before_cursor_execute", executed)
        inbox.claim(connection, holder="one", lease_s=30, most=50, now=START)
        (statement, parameters), *_ = asked
        plan = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    database.close()
    assert any("earlier" in step and "inbox_pending" in step for step in plan), plan
