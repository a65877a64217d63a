"""`retailgraph bench checkout`: a short run of it, and how a long one is divided."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gateway.bench.checkout import OPERATIONS_MIN, ROUNDS_MAX, rounds, sizes, start, turned, warm_up
from gateway.bench.conditions import CONDITIONS, HEALTHY
from gateway.trouble import CannotStart
from tests.running import ROOT

NAMES = ["healthy", "10x slow", "hanging", "refusing", "garbling"]


def test_a_short_run_calls_no_erp_and_says_so(tmp_path: Path) -> None:
    """Over real HTTP, with each of five ERPs: no call of the ERP by either count, operations answered, and a report
    of the agreed shape. How fast it was is not judged by so few."""
    told = tmp_path / "deep" / "checkout.json"
    drawn = tmp_path / "checkout.svg"
    command = ["bench", "checkout", "--operations", str(OPERATIONS_MIN), "--json", str(told), "--svg", str(drawn)]
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *command], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode in {0, 1}, done.stderr
    report = json.loads(told.read_text())
    assert report["bench"] == "checkout"
    assert report["format"] == 1
    assert report["machine"].keys() == {"cpu", "cores", "python", "system"}
    assert report["setup"]["operations"] == OPERATIONS_MIN
    assert [row["condition"] for row in report["rows"]] == NAMES
    for row in report["rows"]:
        assert row["operations"] == OPERATIONS_MIN / len(NAMES)
        assert (row["erp_calls"], row["outside_calls"]["ERP"], row["erp_calls_refused_at_the_wire"]) == (0, 0, 0)
        assert row["erp_calls_by_its_own_count"] == (None if row["condition"] == "refusing" else 0)
        assert row["outside_calls"]["OMS"] > 0
        assert row["success_ratio"] >= 0.9, row["why"]  # all of them, but on a machine that is out of breath
        assert row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"] <= row["max_ms"]
        assert row["by_kind"].keys() == {"prices", "basket", "reservation", "points"}
        assert row["in_force"], row["associate_was_told"]
    calls, *_, in_force = report["claims"]
    assert (calls["holds"], in_force["holds"]) == (True, True)
    assert report["holds"] == (done.returncode == 0)
    assert ET.fromstring(drawn.read_text()).tag.endswith("svg")
    for name in NAMES:
        assert name in done.stdout


@pytest.mark.parametrize("operations", [100, 101, 999, 2_500, 10_000])
def test_a_run_has_as_many_operations_as_were_asked_for(operations: int) -> None:
    """The windows add up, and differ by one operation at most."""
    windows = list(sizes(operations, rounds(operations) * len(CONDITIONS)))
    assert sum(windows) == operations
    assert max(windows) - min(windows) <= 1


def test_ten_thousand_are_two_thousand_each_in_ten_rounds() -> None:
    """The full run measures every condition in each of ten rounds."""
    assert rounds(10_000) == ROUNDS_MAX == 10
    assert set(sizes(10_000, 50)) == {200}
    assert warm_up(10_000) == 500


def test_no_condition_has_a_place_of_its_own_in_the_rounds() -> None:
    """Over five rounds each condition is once at each place, so that no drift favours one."""
    places = Counter((condition.name, place) for n in range(5) for place, condition in enumerate(turned(CONDITIONS, n)))
    assert set(places.values()) == {1}
    assert len(places) == 25
    assert CONDITIONS[0] is HEALTHY


def test_too_few_operations_are_told_before_anything_starts() -> None:
    """Fewer than a fifth can be measured of is a sentence."""
    with pytest.raises(CannotStart, match="at least 100"):
        start(OPERATIONS_MIN - 1, None, None)
