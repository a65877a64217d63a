"""A system that hangs, behind the house as it is put together."""

from pathlib import Path
from typing import Any

import httpx

from domains.inventory import StockKey
from domains.sandbox import Sandbox
from domains.vocabulary import FreshnessTier, LocationId, Sku, SystemRole
from gateway.settings import Settings, build
from gateway.wiring import open_retail

KEY = StockKey(Sku("SKU-00001"), LocationId("store-001"))
PATIENT = {"timeout_s": 30.0, "slow_call_s": 0.1}


def settings(systems: dict[str, str], folder: Path) -> Settings:
    given: dict[str, Any] = {role.lower(): {"url": url} for role, url in systems.items()}
    given["oms"] |= {"wire": PATIENT}
    return build(
        {
            "database": {"url": f"sqlite:///{folder / 'house.db'}"},
            "systems": given,
            "cache": {"freshness": {"inventory.stock": {"fresh_s": 0.001, "stale_while_revalidate_s": 0}}},
            "projection": {"wait_at_start_s": 0},
            "durable": {"workers_in_serve": False},
        }
    )


async def test_the_last_stock_is_answered_while_the_oms_hangs(tmp_path: Path) -> None:
    """Its call may take half a minute; who asks again is answered as soon as it counts as slow, degraded."""
    with Sandbox.start(0, products=5, latency_scale=0) as sandbox:
        async with open_retail(settings(sandbox.urls, tmp_path)) as retail:
            known = (await retail.inventory.stock(frozenset({KEY})))[KEY]
            async with httpx.AsyncClient() as client:
                await client.post(f"{sandbox.urls['OMS']}/_sandbox/faults", json={"stall_s": 60})
            (found,) = (await retail.inventory.stock(frozenset({KEY}))).values()
            assert found.tier is FreshnessTier.STALE_DEGRADED
            assert found.value.available_to_promise == known.value.available_to_promise


def test_what_is_slow_of_a_region_is_what_its_own_wire_says(tmp_path: Path) -> None:
    """A CRM across the sea may take longer than the one next door."""
    nobody: dict[str, Any] = {"url": "http://127.0.0.1:9"}
    far = nobody | {"wire": {"timeout_s": 3.0, "slow_call_s": 2.0}}
    systems = build(
        {
            "database": {"url": f"sqlite:///{tmp_path / 'house.db'}"},
            "systems": {"erp": nobody, "oms": nobody, "loyalty": nobody, "crm": nobody | {"regions": {"eu": far}}},
        }
    ).systems
    assert systems.slow_s(SystemRole.CRM, region="eu") == 2.0
    assert systems.slow_s(SystemRole.CRM) == systems.crm.wire.slow_call_s < 2.0
