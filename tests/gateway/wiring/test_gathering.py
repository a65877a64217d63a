"""Which reads of the house gather, and by what they stay apart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import httpx
import pytest

from domains.connectors import open as open_contract
from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.customers import Customers
from domains.products import Products
from domains.upstream import DEFAULTS, Gathered, GatheringPolicy, Wire
from domains.vocabulary import CustomerId, InBatches, Reading, Scoped, SystemRole
from gateway.complaints import SettingsError
from gateway.identity import Residency, current_owner, residency
from gateway.policies import KEPT
from gateway.settings import build
from gateway.wiring.gathering import gathering
from gateway.wiring.house import compose, customers_of
from gateway.wiring.regions import by_region
from resolvers.context import Retail
from tests.cache.kitchen import until

POLICY = GatheringPolicy(calls_free=1)
ONE_BY_ONE = {
    "products.by_sku", "inventory.network", "loyalty.programs", "loyalty.ledger", "loyalty.redemptions_of",
    "orders.of_customer", "returns.of_customer", "projection.positions", "projection.locations", "projection.network",
}  # fmt: skip
"""Kept reads that do not gather: of a table of ours, of the one list there is, and of lists in pages."""


async def nothing(_: frozenset[Any], /) -> Mapping[Any, Reading[Any]]:
    return {}


def ports() -> tuple[ErpPorts, OmsPorts, LoyaltyPorts, CrmPorts]:
    """The open connectors, of systems that nobody asks."""

    def wire(role: SystemRole) -> Wire:
        return Wire(role, DEFAULTS[role], httpx.MockTransport(lambda _: httpx.Response(500)))

    at = open_contract.OpenSettings("http://system.test")
    return (
        open_contract.connect_erp(at, wire(SystemRole.ERP)),
        open_contract.connect_oms(at, wire(SystemRole.OMS)),
        open_contract.connect_loyalty(at, wire(SystemRole.LOYALTY)),
        open_contract.connect_crm(at, wire(SystemRole.CRM)),
    )


def house() -> Retail:
    return compose(*ports(), Products(by_sku=nothing), durable=None)  # type: ignore[arg-type]  # nobody writes here


def test_which_reads() -> None:
    """Every kept read whose connector takes many keys in a call gathers, and no other; the rest is as it was."""
    plain = house()
    retail, _ = gathering(plain, {}, POLICY)
    gathered = {
        f"{port.name}.{read}"
        for port in fields(retail)
        if port.name != "durable"
        for read, fetch in vars(getattr(retail, port.name)).items()
        if isinstance(fetch, Gathered)
    }
    assert gathered == KEPT.keys() - ONE_BY_ONE
    assert retail.inventory.network is plain.inventory.network
    assert retail.inventory.reservations is plain.inventory.reservations
    assert isinstance(plain.inventory.reservations, InBatches)


def test_off() -> None:
    """With the setting off nothing gathers; it is on by default, and its numbers are checked."""
    plain = house()
    assert gathering(plain, {}, None) == (plain, {})
    systems = {name: {"url": "http://system.test"} for name in ("erp", "oms", "loyalty", "crm")}
    assert build({"systems": systems}).gathering.policy == GatheringPolicy()
    assert build({"systems": systems, "gathering": {"enabled": False}}).gathering.policy is None
    changed = build({"systems": systems, "gathering": {"calls_free": 3, "window_s": 0.01, "turns": 0}})
    assert changed.gathering.policy == GatheringPolicy(calls_free=3, window_s=0.01, turns=0)
    with pytest.raises(SettingsError, match=r"gathering\.turns"):
        build({"systems": systems, "gathering": {"turns": -1}})


class Crm:
    """Takes many keys in a call, and holds each until `open` is set."""

    keys_max = 100

    def __init__(self) -> None:
        self.asked: list[frozenset[CustomerId]] = []
        self.open = asyncio.Event()

    async def __call__(self, keys: frozenset[CustomerId], /) -> Mapping[CustomerId, Reading[Any]]:
        self.asked.append(keys)
        await self.open.wait()
        return {}


async def test_regions_and_owners() -> None:
    """No call holds keys of two regions, or of two owners."""
    home, abroad = Crm(), Crm()
    retail = house()
    retail, regions = gathering(
        replace(retail, customers=replace(retail.customers, by_id=home)),
        {"eu": replace(customers_of(*ports()[::3]), by_id=abroad)},
        POLICY,
    )
    customers: Customers = by_region(retail.customers, "us", regions)

    async def asks(who: str, region: str, customer: str) -> None:
        with Scoped(current_owner, who), Scoped(residency, Residency(region)):
            await customers.by_id(frozenset({CustomerId(customer)}))

    tasks = [
        asyncio.create_task(asks(who, region, f"{who}-{region}-{number}"))
        for number in range(3)
        for who in ("ada", "bob")
        for region in ("us", "eu")
    ]
    for crm in (home, abroad):
        await until(lambda crm=crm: len(crm.asked) == 3)  # type: ignore[misc]  # a default holds which one
        crm.open.set()
    await asyncio.gather(*tasks)
    for crm, region in ((home, "us"), (abroad, "eu")):
        assert {key.split("-")[1] for keys in crm.asked for key in keys} == {region}
        assert all(len({key.split("-")[0] for key in keys}) == 1 for keys in crm.asked)
        assert sorted(map(len, crm.asked)) == [1, 2, 3]
