"""Comparing the books, as it is put together."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import build
from gateway.wiring import open_office
from gateway.wiring.reconciling import SECOND_LOOK_MAX_S


@pytest.mark.parametrize(("delta_every_s", "second_look_s"), [(600, 601), (86_400, SECOND_LOOK_MAX_S)])
async def test_a_second_look_waits_for_the_next_reading_and_not_for_a_day(
    tmp_path: Path, delta_every_s: float, second_look_s: float
) -> None:
    """What the projection has wrong is looked at again after its next reading, or after a quarter of an hour."""
    settings = build(
        {
            "database": {"url": f"sqlite:///{tmp_path / 'books.db'}"},
            "projection": {"delta_every_s": delta_every_s, "full_every_s": 86_400},
            "systems": {name: {"url": "http://127.0.0.1:1"} for name in ("erp", "oms", "loyalty", "crm")},
        }
    )
    async with open_office(settings) as office:
        assert office.reconciler.subjects["cached"].second_look_s == second_look_s
