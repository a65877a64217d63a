"""The limits of audiences, as a deployment's settings lay them over the files."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.audiences import Audiences, read_audiences
from gateway.complaints import SettingsError
from gateway.settings import build

SYSTEMS = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}
FILES = read_audiences()


def in_force(**limits: Any) -> Audiences:
    return build({"systems": SYSTEMS, "audiences": {"limits": limits}}).audiences.read()


def test_numbers_are_laid_over_those_of_the_file() -> None:
    """One number changes that number; the others and the other audiences stay as they are."""
    found = in_force(partner={"budget_per_min": {"erp": 5}})
    assert found.of("storefront") == FILES.of("storefront")
    own, file = found.of("partner").limits, FILES.of("partner").limits
    assert (own.budget_per_min.erp, own.budget_per_min.oms) == (5, file.budget_per_min.oms)
    assert own.burst == file.burst
    assert found.of("partner").tags == FILES.of("partner").tags


def test_one_partner_is_laid_over_all_partners() -> None:
    """What the settings say of `partner` holds for `partner/acme` unless they say otherwise of it, and for nobody who
    has a file of their own."""
    found = in_force(**{"partner/acme": {"documents": "trusted"}, "partner": {"burst": 7}})
    assert found.of("partner/acme").name == "partner/acme"
    assert found.of("partner/acme").limits.burst == 7
    assert found.of("partner/acme").trusted_only
    assert not found.of("partner").trusted_only
    assert found.of("partner/globex").limits.burst == 7
    assert found.of("partner/marketplace") == FILES.of("partner/marketplace")


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"bursts": 5}, "unknown key `audiences.limits.partner.bursts`; did you mean `burst`?"),
        (
            {"budget_per_min": {"erpp": 5}},
            "unknown key `audiences.limits.partner.budget_per_min.erpp`; did you mean `erp`?",
        ),
        ({"burst": 0}, "more than 0: burst"),
        ({"documents": "some"}, 'allowed: "any" or "trusted"'),
        ({"cost_max": {"erp": -1}}, "a number of calls is 0 or more"),
        (3, "a section with anonymous_counts_as"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(limits: Any, told: str) -> None:
    """As for every other section."""
    with pytest.raises(SettingsError, match=r"1 problem") as refused:
        in_force(partner=limits)
    assert told in str(refused.value)


def test_an_audience_that_cannot_be_is_told() -> None:
    """A kind that nobody knows is no place for numbers."""
    with pytest.raises(SettingsError, match="not 'tourist'"):
        in_force(tourist={"burst": 3})


def test_origins_are_laid_beside_those_of_the_file() -> None:
    """A deployment names its own pages without a copy of the files, those of a kind also for who has limits of their
    own in it; a name or an origin that cannot be is refused."""
    shop = "https://shop.example"
    found = build({"systems": SYSTEMS, "audiences": {"origins": {"storefront": [shop]}}}).audiences.read()
    assert found.of("storefront").cors_origins == (*FILES.of("storefront").cors_origins, shop)
    assert found.of("mobile") == FILES.of("mobile")
    given = {"origins": {"partner": [shop]}, "limits": {"partner/acme": {"burst": 7}}}
    partners = build({"systems": SYSTEMS, "audiences": given}).audiences.read()
    for name in ("partner", "partner/globex", "partner/acme"):
        assert partners.of(name).cors_origins == (*FILES.of("partner").cors_origins, shop)
    for wrong in ({"shop": [shop]}, {"storefront": ["*"]}):
        with pytest.raises(SettingsError, match=r"audiences\.origins"):
            build({"systems": SYSTEMS, "audiences": {"origins": wrong}})
