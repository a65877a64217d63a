"""The picture of latencies."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.bench import Bar, bars
from gateway.bench.picture import tick_step

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [Bar('a <b> & "c"', "note", 10, 20, 30, "fine"), Bar("d", "", 12, 24, 90, "x")]


def widths(picture: str, kind: str) -> list[float]:
    found = ET.fromstring(picture).iter(f"{SVG}rect")
    return [float(rect.get("width", "")) for rect in found if rect.get("class") == kind and rect.get("height") == "22"]


def test_it_is_an_svg_that_says_what_it_was_given() -> None:
    """It is well-formed whatever the texts hold, and shows each of them and every figure."""
    picture = bars("T & <t>", "sub", ROWS, (24.0, "limit <"), "foot")
    root = ET.fromstring(picture)
    assert root.tag == f"{SVG}svg"
    texts = "".join(root.itertext())
    for said in ("T & <t>", "sub", 'a <b> & "c"', "10 / 20 / 30 ms", "12 / 24 / 90 ms", "limit <", "foot", "100 ms"):
        assert said in texts


def test_bars_are_as_long_as_their_latencies() -> None:
    """Lengths are to scale, from one zero."""
    picture = bars("t", "s", ROWS, None, "f")
    short, long = widths(picture, "rest")
    assert long / short == pytest.approx(24 / 20, rel=0.01)
    assert widths(picture, "first")[0] == pytest.approx(short / 2, abs=0.1)


def test_nothing_leaves_the_sheet() -> None:
    """Every place in the picture lies on it, also where the limit is beyond all rows."""
    root = ET.fromstring(bars("t", "s", ROWS, (400.0, "limit"), "f"))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for element in root.iter():
        for name in ("x", "x1", "x2"):
            assert 0 <= float(element.get(name, "0")) <= width
        for name in ("y", "y1", "y2"):
            assert 0 <= float(element.get(name, "0")) <= height


@given(st.floats(min_value=0.001, max_value=1e6))
def test_ticks_are_round_and_few(most: float) -> None:
    """Between three and nine ticks reach the longest bar."""
    assert 3 <= most / tick_step(most) <= 8.0001
