"""Collects what the tests measure; written to build/outage.md and shown at the end of the run."""

from collections.abc import Iterator

import httpx
import pytest
from _pytest.terminal import TerminalReporter

from domains.sandbox import Sandbox
from tests.cache.valkey import Valkey
from tests.outage.figures import Figures
from tests.running import ROOT, sandbox_running

REPORT = ROOT / "build" / "outage.md"
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
def _systems() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture
def sandbox(_systems: Sandbox) -> Sandbox:
    """Four systems, well and without their usual slowness."""
    for role, url in _systems.urls.items():
        if role not in _systems.pids:
            _systems.start_again(role)
        httpx.post(f"{url}/_sandbox/faults", json={}, trust_env=False).raise_for_status()
        httpx.delete(f"{url}/_sandbox/calls", trust_env=False).raise_for_status()
    return _systems


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A Valkey of this test's own."""
    server = Valkey()
    yield server
    server.kill()
