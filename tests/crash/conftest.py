"""The sandbox and the databases that every crash test begins with, and the figures that the run leaves behind."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from domains.sandbox import Sandbox
from tests.crash.books import Books
from tests.crash.people import PRODUCTS, People, present
from tests.crash.postgres import Postgres, postgres_running
from tests.crash.processes import Nursery
from tests.crash.stage import Stage
from tests.outage.figures import Figures
from tests.running import ROOT

REPORT = ROOT / "build" / "crash.md"
_FIGURES = pytest.StashKey[Figures]()


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """The figures of the whole run."""
    return request.config.stash.setdefault(_FIGURES, Figures())


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(_FIGURES, None)
    if figures is not None and figures.rows:
        figures.write(REPORT)
        terminalreporter.section("measured")
        for line in figures.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def now() -> datetime:
    return present()


@pytest.fixture(scope="session")
def people(now: datetime) -> People:
    return People(now)


@pytest.fixture(scope="session")
def sandbox(now: datetime) -> Iterator[Sandbox]:
    """Four systems for all tests: to start them takes longer than most of these, and books are compared anyway."""
    with Sandbox.start(0, seed=1, latency_scale=0.0, now=now, products=PRODUCTS) as running:
        yield running


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    started = Nursery()
    yield started
    started.close()


@pytest.fixture
def stage(sandbox: Sandbox, people: People, nursery: Nursery, tmp_path: Path) -> Iterator[Stage]:
    """The systems, all of them well, their books, and everybody who will be there."""
    books = Books(sandbox.urls)
    set_ = Stage(sandbox.urls, books, people, tmp_path, nursery)
    for system in sandbox.urls:
        set_.fail(system)
    yield set_
    books.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'retailgraph.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.make_database()
