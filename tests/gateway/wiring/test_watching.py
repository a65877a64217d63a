"""Whoever looks at the Wires sees all of them."""

from pathlib import Path

from domains.upstream import Wire
from gateway.settings import build
from gateway.wiring import open_retail

NOBODY = {"url": "http://127.0.0.1:9"}


async def test_the_crm_of_a_region_is_seen_beside_that_of_the_home_one(tmp_path: Path) -> None:
    """Each Wire has a name of its own, so that none hides another."""
    seen: dict[str, Wire] = {}
    settings = build(
        {
            "database": {"url": f"sqlite:///{tmp_path / 'house.db'}"},
            "systems": {"erp": NOBODY, "oms": NOBODY, "loyalty": NOBODY, "crm": NOBODY | {"regions": {"eu": NOBODY}}},
            "projection": {"wait_at_start_s": 0},
            "durable": {"workers_in_serve": False},
        }
    )

    async with open_retail(settings, watch=seen.update):
        assert sorted(seen) == ["CRM", "CRM/eu", "ERP", "LOYALTY", "OMS"]
        assert len({id(wire) for wire in seen.values()}) == 5
