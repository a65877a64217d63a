"""Quantiles, ratios and the machine."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bench import machine, quantile, ratio, spread

MEASURED = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=200)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_quantiles_are_values_that_were_measured(share: float, expected: float) -> None:
    """Of 1 to 100 in any order, p50 is 50 and p99 is 99: the nearest rank, and no value in between."""
    assert quantile([float(value) for value in range(100, 0, -1)], share) == expected


@given(MEASURED, st.floats(min_value=0.01, max_value=1))
def test_a_quantile_is_the_least_that_its_share_does_not_exceed(values: list[float], share: float) -> None:
    """At least that share of the values is not above it, and less than that is below it."""
    found = quantile(values, share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_nothing_measured_has_no_quantile() -> None:
    """Without values there is an error, and no zero that would pass for a fast answer."""
    with pytest.raises(ValueError, match="nothing was measured"):
        quantile([], 0.5)


def test_a_spread_is_in_milliseconds() -> None:
    """Seconds go in, milliseconds come out."""
    found = spread([0.001] * 90 + [0.010] * 9 + [0.5])
    assert (found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms) == (1.0, 10.0, 10.0, 500.0)


def test_a_part_of_nothing_is_no_success() -> None:
    """A run without operations has a ratio of 0."""
    assert ratio(999, 1000) == 0.999
    assert ratio(0, 0) == 0.0


def test_the_machine_is_named(tmp_path: Path) -> None:
    """The processor is what Linux calls it; where nothing does, there is still a name."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some CPU: 3 GHz\nmodel name\t: Other\n")
    assert machine(cpuinfo).cpu == "Some CPU: 3 GHz"
    nameless = machine(tmp_path / "none")
    assert nameless.cpu
    assert nameless.cores >= 1
    assert f"{nameless.cores} cores, Python {nameless.python}" in str(nameless)
