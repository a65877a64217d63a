"""An earlier run, and what has become slower since."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.bench import Machine, Report
from gateway.bench.baseline import COMMITTED, SLOWER_MAX, compared, read
from gateway.bench.costs import as_markdown, picture
from gateway.bench.pages import PAGES
from gateway.bench.stages import STAGES
from gateway.trouble import CannotStart


def report(ratio: float, noise: float = 0.0, bench: str = "engine") -> Report:
    row = {
        "page": "a <page>",
        "stage": "request",
        "cpu_us": ratio * 20,
        "typical_us": ratio * 22,
        "floor_ratio": ratio,
        "noise": noise,
    }
    made = Machine("a processor", 2, "3.11", "Linux")
    return Report(bench, datetime(2026, 1, 1, tzinfo=UTC), 1.0, made, {"floor_us": 20.0}, [row])


@pytest.mark.parametrize(
    ("now", "noise", "slower", "faster"),
    [
        (10.0, 0.0, False, False),
        (10.0 * (1 + SLOWER_MAX) + 0.01, 0.0, True, False),
        (10.0 * (1 + SLOWER_MAX) + 0.01, 0.05, False, False),
        (10.0 / (1 + SLOWER_MAX) - 0.01, 0.0, False, True),
    ],
)
def test_a_figure_is_slower_beyond_its_limit_and_the_noise(
    now: float, noise: float, slower: bool, faster: bool
) -> None:
    """What differs by less than the limit and what the runs themselves scatter says nothing."""
    (change,) = compared(report(10.0).as_json(), report(now, noise))
    assert (change.slower, change.faster) == (slower, faster)


def test_figures_that_one_of_the_runs_has_not_are_left_out() -> None:
    """A page that was added since has nothing to be compared with."""
    assert compared(report(10.0).as_json() | {"rows": []}, report(99.0)) == ()


def test_reports_of_another_bench_are_refused() -> None:
    """Figures of the same name may mean something else there."""
    with pytest.raises(CannotStart, match="of the bench 'growth'"):
        compared(report(1.0, bench="growth").as_json(), report(1.0))


@pytest.mark.parametrize("text", ["", "[]", '{"format": 0, "rows": []}', '{"format": 1}'])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    """A file that cannot be read as one is told by its name."""
    file = tmp_path / "earlier.json"
    file.write_text(text)
    with pytest.raises(CannotStart, match=r"earlier\.json is no report"):
        read(file)


def test_the_committed_baseline_has_every_figure_and_says_nothing_of_where() -> None:
    """It names the machine and no place on it, and has a row for each page and stage."""
    found = read(COMMITTED)
    assert [(row["page"], row["stage"]) for row in found["rows"]] == [
        (page.name, stage) for page in PAGES for stage in STAGES
    ]
    assert set(found["machine"]) == {"cpu", "cores", "python", "system"}
    assert "/" not in json.dumps({name: value for name, value in found.items() if name != "rows"})


def test_a_report_is_shown_as_table_and_picture() -> None:
    """Both show the figure, its ratio to the floor, and the machine."""
    table = as_markdown("Title", report(12.345))
    assert "| a <page> | 247 x12.3 |" in table
    assert "a processor" in table
    drawn = picture("Title", "told", report(12.345), ("request",))
    assert "a &lt;page&gt;" in drawn
    assert "x12.3, 247 us" in drawn
