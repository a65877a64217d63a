"""The limits of audiences, as settings give them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.complaints import SettingsError
from gateway.limits import AUDIENCES, LimitSettings
from gateway.settings import build

SYSTEMS = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}


def limits(**given: Any) -> LimitSettings:
    return build({"systems": SYSTEMS, "limits": given}).limits


def test_numbers_are_laid_over_the_defaults() -> None:
    """One number changes that number; the others and the other audiences stay as they are."""
    found = limits(tokens=2000, audiences={"partner": {"budget_per_min": {"erp": 5}}})
    assert found.tokens == 2000
    assert found.audiences["storefront"] == AUDIENCES["storefront"]
    partner = found.audiences["partner"]
    assert (partner.budget_per_min.erp, partner.budget_per_min.oms) == (5, AUDIENCES["partner"].budget_per_min.oms)
    assert partner.burst == AUDIENCES["partner"].burst


def test_one_partner_is_laid_over_all_partners() -> None:
    """What the settings say of `partner` holds for `partner/acme` unless they say otherwise of it."""
    found = limits(audiences={"partner/acme": {"documents": "trusted"}, "partner": {"burst": 7}})
    assert found.audiences["partner/acme"].burst == 7
    assert found.audiences["partner/acme"].documents == "trusted"
    assert found.audiences["partner"].documents == "any"


@pytest.mark.parametrize(
    ("audience", "told"),
    [
        ({"bursts": 5}, "unknown key `limits.audiences.partner.bursts`; did you mean `burst`?"),
        (
            {"budget_per_min": {"erpp": 5}},
            "unknown key `limits.audiences.partner.budget_per_min.erpp`; did you mean `erp`?",
        ),
        ({"burst": 0}, "more than 0: burst"),
        ({"documents": "some"}, 'allowed: "any" or "trusted"'),
        ({"cost_max": {"erp": -1}}, "a number of calls is 0 or more"),
        (3, "a section with anonymous_counts_as"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(audience: Any, told: str) -> None:
    """As for every other section."""
    with pytest.raises(SettingsError, match=r"1 problem") as refused:
        limits(audiences={"partner": audience})
    assert told in str(refused.value)
