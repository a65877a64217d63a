"""The micro benches as they are run, once around."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from gateway.bench.baseline import COMMITTED
from tests.running import ROOT


def test_a_run_leaves_its_files_and_names_what_is_slower(tmp_path: Path) -> None:
    """Against a baseline that nothing can keep up with, all is slower, and with --fail that is the exit code."""
    fast = json.loads(COMMITTED.read_text())
    for row in fast["rows"]:
        row |= {"floor_ratio": row["floor_ratio"] / 1_000, "noise": 0.0}
    baseline, report, table, drawn = (tmp_path / name for name in ("fast.json", "a.json", "a.md", "a.svg"))
    baseline.write_text(json.dumps(fast))
    files = ["--json", str(report), "--markdown", str(table), "--svg", str(drawn)]
    command = [
        sys.executable,
        "-m",
        "gateway",
        "bench",
        "engine",
        "--rounds",
        "2",
        "--fail",
        "--baseline",
        str(baseline),
    ]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("slower  ") == len(fast["rows"])
    made = json.loads(report.read_text())
    before, now = ({(row["page"], row["stage"]) for row in rows} for rows in (fast["rows"], made["rows"]))
    assert before <= now
    assert all(calls["request"] == 0 for calls in made["setup"]["outside_calls"].values())
    assert table.read_text().startswith("# What answering costs")
    assert drawn.read_text().startswith("<svg")
