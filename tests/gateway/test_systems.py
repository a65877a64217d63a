"""The settings of one system that others do not have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from domains.vocabulary import Money, SystemRole
from gateway.complaints import SettingsError
from gateway.settings import Settings, build

SYSTEMS = {role.value.lower(): {"url": f"http://127.0.0.1:{place}"} for place, role in enumerate(SystemRole, 8001)}


def loyalty(**given: Any) -> Settings:
    return build({"systems": {**SYSTEMS, "loyalty": {**SYSTEMS["loyalty"], **given}}})


def test_an_engine_holds_points_unless_it_is_said_that_it_cannot() -> None:
    """One that is debited needs to know what a point is worth."""
    assert loyalty().systems.loyalty.holds == "native_lock"
    assert loyalty().systems.loyalty.worth is None
    by_debit = loyalty(holds="debit", point_value="0.01 EUR").systems.loyalty
    assert by_debit.worth == Money(amount=Decimal("0.01"), currency_code="EUR")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"holds": "voucher"}, '`systems.loyalty.holds` is \'voucher\'; allowed: "native_lock" or "debit"'),
        ({"point_value": "1 point"}, 'allowed: an amount and a currency, such as "0.01 EUR"'),
        ({"point_value": "0.00 EUR"}, 'allowed: an amount and a currency, such as "0.01 EUR"'),
        ({"holds": "debit"}, 'allowed: with holds = "debit" a point_value too'),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(given: dict[str, Any], said: str) -> None:
    """Words and prices that nobody can act upon are refused."""
    with pytest.raises(SettingsError) as refused:
        loyalty(**given)
    (problem,) = refused.value.problems
    assert said in problem


def test_no_other_system_holds_points() -> None:
    """The keys are the loyalty engine's alone."""
    with pytest.raises(SettingsError, match=r"unknown key `systems\.oms\.holds`"):
        build({"systems": {**SYSTEMS, "oms": {**SYSTEMS["oms"], "holds": "debit"}}})


def crm(**given: Any) -> Settings:
    return build({"systems": {**SYSTEMS, "crm": {**SYSTEMS["crm"], **given}}})


def test_a_region_is_a_system_of_its_own() -> None:
    """With its own address, secret and patience, which is a CRM's where nothing is said."""
    regions = {"eu": {"url": "https://crm.eu", "token": "t", "wire": {"slots_max": 3}}, "apac": {"url": "https://a"}}
    found = crm(region="us", regions=regions).systems.crm
    assert (found.region, sorted(found.regions)) == ("us", ["apac", "eu"])
    assert found.regions["eu"].wire.slots_max == 3
    assert found.regions["eu"].wire.timeout_s == found.regions["apac"].wire.timeout_s == found.wire.timeout_s
    assert crm().systems.crm.regions == {}


@pytest.mark.parametrize(
    "given",
    [
        {"region": "US east"},
        {"regions": {"EU": {"url": "https://crm.eu"}}},
        {"regions": {"eu": {"url": "crm.eu"}}},
        {"regions": {"eu": {"url": "https://crm.eu", "holds": "debit"}}},
        {"region": "eu", "regions": {"eu": {"url": "https://crm.eu"}}},
        {"regions": {f"r{number}": {"url": "https://crm"} for number in range(17)}},
    ],
)
def test_a_region_that_cannot_be_meant_is_refused(given: dict[str, Any]) -> None:
    """Names that stand in no claim, an address that is none, keys of other systems, one region twice, too many."""
    with pytest.raises(SettingsError) as refused:
        crm(**given)
    (problem,) = refused.value.problems
    assert "systems.crm" in problem
