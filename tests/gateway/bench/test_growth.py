"""`retailgraph bench growth`: a short run of it, and what it claims."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.bench.baseline import COMMITTED_GROWTH, read
from gateway.bench.growth import CALLERS, KEYS, LISTS
from gateway.bench.leaves import GROWTH_MAX, PER_LEAVES, SIZES, counted, leaf_claims
from tests.running import ROOT

PAGES = [
    *(f"list of {number}" for number in LISTS),
    *(sized.name for sized in SIZES),
    *(f"{number} callers" for number in CALLERS),
    *(f"{number:,} keys" for number in KEYS),
]


def rows(*costs: float, noise: float = 0.0) -> list[dict[str, Any]]:
    return [
        {"page": sized.name, "stage": PER_LEAVES, "cpu_us": cost, "noise": noise}
        for sized, cost in zip(SIZES, costs, strict=True)
    ]


def test_a_run_leaves_its_files_and_names_what_is_slower(tmp_path: Path) -> None:
    """Against a baseline that nothing can keep up with, all is slower, and with --fail that is the exit code."""
    fast = json.loads(COMMITTED_GROWTH.read_text())
    for one in fast["rows"]:
        one |= {"floor_ratio": one["floor_ratio"] / 1_000, "noise": 0.0}
    baseline, report = tmp_path / "fast.json", tmp_path / "a.json"
    baseline.write_text(json.dumps(fast))
    command = [sys.executable, "-m", "gateway", "bench", "growth", "--rounds", "2", "--fail"]
    files = ["--baseline", str(baseline), "--json", str(report)]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.stderr == ""
    assert done.returncode == 1
    assert done.stdout.count("slower  ") == len(PAGES)
    made = json.loads(report.read_text())
    assert [one["page"] for one in made["rows"]] == PAGES
    assert len(made["claims"]) == 1
    assert [one["keys"] for one in made["setup"]["filled"]] == list(KEYS)


def test_the_committed_baseline_has_every_figure() -> None:
    """A row for each size but a million keys, which take gigabytes."""
    assert [one["page"] for one in read(COMMITTED_GROWTH)["rows"]] == PAGES


def test_sizes_are_what_they_are_called() -> None:
    """480, 2,000 and 20,000 leaves, in documents that ask as many products at once as one field takes."""
    assert [sized.leaves for sized in SIZES] == [480, 2_000, 20_000]
    assert all(len(sized.variables["skus"]) == sized.products <= 100 for sized in SIZES)


def test_leaves_are_values_that_hold_no_others() -> None:
    """Null is one; objects and lists are none."""
    assert counted(b'{"data": {"a": [{"b": 1, "c": null}, {"b": 2, "c": []}], "d": {}}}') == 3


@pytest.mark.parametrize(
    ("costs", "noise", "holds"),
    [
        ((255.0, 144.0, 118.0), 0.0, True),
        ((100.0, 100.0, 100.0 * GROWTH_MAX), 0.0, True),
        ((300.0, 100.0, 120.0), 0.0, False),
        ((100.0, 300.0, 120.0), 0.0, False),
        ((100.0, 100.0, 120.0), 0.03, True),
    ],
)
def test_a_leaf_that_grows_dearer_misses_the_claim(costs: tuple[float, ...], noise: float, holds: bool) -> None:
    """The largest answer is held to the cheapest of the smaller ones, and to no more than noise allows."""
    (claim,) = leaf_claims(rows(*costs, noise=noise))
    assert claim.holds is holds
