"""The one database: connections that were hung up on, and what is still one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from gateway.database import Database, open_database


@pytest.fixture
def talkative(postgres_url: str) -> Iterator[Database]:
    """A Postgres that has something to say to every connection as soon as it is made."""
    database, other = open_database(postgres_url, 1), open_database(postgres_url, 1)

    def made(connection: Any, _: object) -> None:
        connection.execute("LISTEN anything")
        connection.commit()
        with other.writing.begin() as speaking:
            speaking.exec_driver_sql("NOTIFY anything")

    event.listen(database.writing, "connect", made)
    yield database
    database.close()
    other.close()


def test_a_connection_that_was_just_made_is_one(talkative: Database) -> None:
    """Only of a connection that has been lying about does something to be read say that the server has hung up: one
    that was just made is used, instead of being given up after two of them."""
    for _ in range(3):
        with talkative.reading.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
