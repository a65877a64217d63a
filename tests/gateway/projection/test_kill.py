"""A refresh in a process of its own, against a real ERP over HTTP: killed, and held to the quota."""

import random
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select

from domains.connectors.open import OpenSettings, connect_erp
from domains.sandbox import Sandbox
from domains.upstream import CallFinished, open_wire
from domains.vocabulary import SystemRole
from gateway.projection import POSITIONS, Feeds, RefreshPolicy, open_store, run_refresh
from gateway.projection.kinds import positions, products
from tests.running import ROOT

PRODUCTS, PAGE = 200, 200
POSITIONS_KEPT = PRODUCTS * 44
PAGES = POSITIONS_KEPT // PAGE + PRODUCTS // PAGE + 1  # and the locations


@pytest.fixture(scope="module")
def erp() -> Iterator[str]:
    """The address of a sandbox ERP with 8,800 positions, without its usual slowness."""
    with Sandbox.start({"ERP": 0}, latency_scale=0, products=PRODUCTS) as sandbox:
        yield sandbox.urls["ERP"]


@pytest.fixture(autouse=True)
def counted_anew(erp: str) -> Iterator[None]:
    httpx.delete(f"{erp}/_sandbox/calls", trust_env=False)
    httpx.post(f"{erp}/_sandbox/faults", json={"quota_per_s": 10_000}, trust_env=False)
    yield
    httpx.delete(f"{erp}/_sandbox/faults", trust_env=False)


def calls(erp: str) -> int:
    counted: dict[str, int] = httpx.get(f"{erp}/_sandbox/calls", trust_env=False).json()
    return sum(counted.values())


def reader(erp: str, url: str) -> subprocess.Popen[str]:
    arguments = [erp, url, str(PAGE), "100000"]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.gateway.projection.reader", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_killed_at_any_page_it_goes_on_there(erp: str, url: str) -> None:
    """Killed without warning at a page of chance, the next process completes the walk; one page at most comes twice."""
    at = random.randrange(2, PAGES - 1)
    with reader(erp, url) as process:
        assert process.stdout is not None
        for _ in range(at):
            assert process.stdout.readline()
        process.kill()
    written = calls(erp)
    assert at <= written < PAGES, f"killed at page {at}, asked for {written}"
    with reader(erp, url) as process:
        process.communicate(timeout=60)
        assert process.returncode == 0
    # Locations and products are read again as deltas, a call each, if they were finished before.
    assert PAGES <= calls(erp) <= PAGES + 1 + 2
    async with open_store(url) as store:
        counts = [await store.rows(select(func.count()).select_from(table)) for table in (products, positions)]
        assert [row[0][0] for row in counts] == [PRODUCTS, POSITIONS_KEPT]
        state = await store.state(POSITIONS)
        assert not state.is_cold
        assert state.walk is None


@pytest.fixture
def quota_per_s(erp: str) -> int:
    """What the ERP grants, as it usually does."""
    httpx.post(f"{erp}/_sandbox/faults", json={"quota_per_s": 40}, trust_env=False)
    return 40


async def test_the_quota_is_never_exceeded(erp: str, quota_per_s: int, sqlite_url: str) -> None:
    """At the very rate that the ERP grants, not one call is refused, retried or made twice."""
    finished: list[CallFinished] = []

    def hear(event: object) -> None:
        if isinstance(event, CallFinished):
            finished.append(event)

    wire = open_wire(SystemRole.ERP, hooks=[hear])
    try:
        ports = connect_erp(OpenSettings(erp), wire)
        feeds = Feeds(ports.product_feed, ports.position_feed, ports.location_feed)
        policy = RefreshPolicy(calls_per_s=quota_per_s, page_size=100)
        done = await run_refresh(sqlite_url, feeds, full=True, policy=policy)
    finally:
        await wire.aclose()
    assert sum(one.items for one in done) == POSITIONS_KEPT + PRODUCTS + 44
    assert {(event.error, event.attempts) for event in finished} == {(None, 1)}
    assert calls(erp) == len(finished) == POSITIONS_KEPT // 100 + PRODUCTS // 100 + 1
