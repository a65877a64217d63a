"""What each audience may ask, with the reason for every number. Settings lay their own over these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from gateway.limits.units import Units

_COST_MAX = Units(erp=10, oms=40, loyalty=20, crm=20)
_BUDGET = Units(erp=60, oms=600, loyalty=300, crm=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceLimits:
    """The limits of one audience; each caller of it has them for themselves. Raises ValueError."""

    # A person who taps through an app causes some 5 requests a second, a page that loads 10 at once.
    requests_per_s: float = 20.0
    # Three pages at once: back, forward, and a reload.
    burst: int = 60
    # Operations that run at once, in one process. A browser opens 6 connections, HTTP/2 has no such bound.
    concurrent_max: int = 16
    # Items of lists that one operation may bring: 100 orders with 10 lines each are 1100, and take some 50 ms here.
    items_max: int = 10_000
    # Calls that one operation may cost. The largest page of a storefront costs 8, a page of aliases must not cost 100.
    cost_max: Units = _COST_MAX
    # Calls that one caller may cost in a minute, refilled evenly: 20 pages a minute that no cache has.
    budget_per_min: Units = _BUDGET
    # "trusted": only what `[documents]` names. Ad hoc operations are how a schema is explored, so this is asked for.
    documents: Literal["any", "trusted"] = "any"
    # Callers without a name share one account per audience, which holds so many times what a caller's does. Anybody may
    # empty it for all of them, so it is a bound and no promise: who needs an account of their own sends a token.
    anonymous_counts_as: int = 100

    def __post_init__(self) -> None:
        wrong = [
            name
            for name in ("requests_per_s", "burst", "concurrent_max", "items_max", "anonymous_counts_as")
            if getattr(self, name) <= 0
        ]
        if wrong:
            raise ValueError(f"more than 0: {', '.join(wrong)}")


OTHERS: Final = "partner"
"""Whose limits an audience has that is not listed, as `partner/acme` has those of `partner`: the tightest."""

AUDIENCES: Final[Mapping[str, AudienceLimits]] = {
    "storefront": AudienceLimits(),
    "mobile": AudienceLimits(),
    # One till serves a customer a minute, and shows all of them: orders, postings, points.
    "associate": AudienceLimits(budget_per_min=Units(erp=300, oms=1200, loyalty=600, crm=600)),
    # A program, which does not tire. A feed that is read once a minute needs a tenth of this.
    "partner": AudienceLimits(
        requests_per_s=10.0,
        burst=20,
        concurrent_max=8,
        budget_per_min=Units(erp=30, oms=300, loyalty=120, crm=120),
    ),
    # Few people, who look into everything when something is wrong.
    "operations": AudienceLimits(budget_per_min=Units(erp=300, oms=1200, loyalty=600, crm=600)),
}


def limits_of(audience: str, table: Mapping[str, AudienceLimits] = AUDIENCES) -> AudienceLimits:
    """The limits of an audience; those of what stands before its slash, or of OTHERS, when it is not listed."""
    found = table.get(audience) or table.get(audience.partition("/")[0])
    return found or table.get(OTHERS) or AUDIENCES[OTHERS]
