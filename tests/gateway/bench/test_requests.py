"""`retailgraph bench requests`: a short run of it, and what it claims."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.bench.baseline import COMMITTED_REQUESTS, read
from gateway.bench.requests import CONDITIONS, MEASURED, OPERATIONS, PUBLIC, WHOLE, claims, start
from gateway.bench.sheet import Files
from gateway.trouble import CannotStart
from tests.running import ROOT

FIGURES = [(page.name, one.name) for page in MEASURED for one in CONDITIONS if one.request(page) is not None]


def row(page: str, stage: str, calls: float) -> dict[str, Any]:
    return {"page": page, "stage": stage, "calls": calls}


ROWS = [row(page, stage, 3.0 if stage == "cold" else 0.0) for page, stage in FIGURES]


def test_a_run_leaves_its_files_and_names_what_is_slower(tmp_path: Path) -> None:
    """Over real sockets, each operation under each condition: figures, calls as the systems count them, and, beside a
    baseline that nothing can keep up with, both figures of each row named as slower."""
    fast = json.loads(COMMITTED_REQUESTS.read_text())
    for one in fast["rows"]:
        one |= {"floor_ratio": 1e-3, "p50_ratio": 1e-3, "noise": 0.0, "p50_noise": 0.0}
    baseline, report, table, drawn = (tmp_path / name for name in ("fast.json", "a.json", "a.md", "a.svg"))
    baseline.write_text(json.dumps(fast))
    command = [sys.executable, "-m", "gateway", "bench", "requests", "--rounds", "2", "--fail"]
    files = ["--baseline", str(baseline), "--json", str(report), "--markdown", str(table), "--svg", str(drawn)]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.stderr == ""
    assert done.returncode == 1
    assert done.stdout.count("slower  ") == 2 * len(fast["rows"])
    made = json.loads(report.read_text())
    assert [(one["page"], one["stage"]) for one in made["rows"]] == FIGURES
    for one in made["rows"]:
        least = (
            0 if one["stage"] == "whole answers" else 1
        )  # no task is begun for these, as uvicorn does for the constant answer
        assert one["floor_ratio"] > least
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert (one["calls"] > 0) == (one["stage"] == "cold")
        assert one["p50_ratio"] > least
    assert made["setup"]["floor_us"] > 0
    assert made["holds"]
    assert table.read_text().startswith("# What a request costs")
    assert drawn.read_text().startswith("<svg")


def test_the_committed_baseline_has_every_figure() -> None:
    """A row for each operation and condition, of one caller."""
    found = read(COMMITTED_REQUESTS)
    assert [(one["page"], one["stage"]) for one in found["rows"]] == FIGURES
    assert found["setup"]["callers"] == 1


def test_four_operations_are_measured() -> None:
    """Those that others are measured by, as the pages have them."""
    assert tuple(page.name for page in MEASURED) == OPERATIONS


def test_only_what_anybody_may_see_is_kept_as_a_whole() -> None:
    """Of the operations those that are public, asked without a token; the others are asked in somebody's name."""
    asked = {page.name: WHOLE.request(page) for page in MEASURED}
    assert tuple(name for name, request in asked.items() if request is not None) == PUBLIC
    assert all(b"Authorization" not in request for request in asked.values() if request is not None)
    assert all(b"Authorization: Bearer" in (CONDITIONS[-1].request(page) or b"") for page in MEASURED)


def test_a_good_run_holds() -> None:
    """Nothing asked where all is kept, and a list that asks as often as one product."""
    assert [claim.holds for claim in claims(ROWS)] == [True, True]


@pytest.mark.parametrize(
    ("page", "stage", "calls", "missed"),
    [("account", "hot", 0.1, 0), ("product page", WHOLE.name, 1.0, 0), ("list of 24", "cold", 24.0, 1)],
)
def test_each_claim_can_be_missed(page: str, stage: str, calls: float, missed: int) -> None:
    """One call where none should be, or a list that asks for each of its products: exactly its own claim is missed."""
    rows = [row(page, stage, calls) if (one["page"], one["stage"]) == (page, stage) else one for one in ROWS]
    assert [place for place, claim in enumerate(claims(rows)) if not claim.holds] == [missed]


@pytest.mark.parametrize(("rounds", "callers"), [(1, 1), (2, 0), (2, 65)])
def test_numbers_that_cannot_be_are_told_before_anything_starts(rounds: int, callers: int) -> None:
    """Too few rounds to be halved, nobody who asks, or a crowd."""
    with pytest.raises(CannotStart, match="--callers 1 to 64"):
        start(rounds, callers, Files())
