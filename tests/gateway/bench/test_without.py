"""What telemetry, limits, identity and freshness cost, and what answers without them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domains.vocabulary import FreshnessTier, Reading
from gateway.bench.stages import FOUR_MAX_US, REQUEST, WITHOUT, four_us, judged
from gateway.bench.without import Unheard
from resolvers.provenance import Provenance
from resolvers.reading import Made


def rows(**pages: tuple[float, float]) -> list[Mapping[str, Any]]:
    """Of each page a request, and the same without the four."""
    return [
        {"page": page, "stage": stage, "cpu_us": cost}
        for page, costs in pages.items()
        for stage, cost in zip((REQUEST, WITHOUT, "bare"), (*costs, 1.0), strict=True)
    ]


def test_the_four_are_what_a_request_is_quicker_without() -> None:
    """Page by page, whatever else was measured of it."""
    assert four_us(rows(shelf=(150.0, 100.0), basket=(310.0, 250.0))) == {"shelf": 50.0, "basket": 60.0}


def test_one_dear_page_misses_the_claim() -> None:
    """All pages have to hold, and the dearest is named."""
    (holds,) = judged(rows(shelf=(150.0, 100.0), basket=(100 + FOUR_MAX_US, 100.0)))
    (missed,) = judged(rows(shelf=(150.0, 100.0), basket=(100.5 + FOUR_MAX_US, 100.0)))
    assert (holds.holds, missed.holds) == (True, False)
    assert "basket 60" in missed.measured


def test_without_freshness_the_same_is_shown() -> None:
    """Values come out of what says what they were made of, and nothing is told of them."""
    reading = Reading("value", "oms:test", FreshnessTier.FRESH, 1_000.0, 60.0)
    values = [reading, [Made("verdict", (reading,)), None], Made("other", ()), "plain", [[reading]]]
    heard, unheard = Provenance(1_001.0), Unheard(0.0)
    shown = [one.tell("place", values, within_s=None, whole=True) for one in (heard, unheard)]
    assert shown[0] == shown[1]
    assert (heard.lifetime() is None, unheard.lifetime()) == (False, None)
