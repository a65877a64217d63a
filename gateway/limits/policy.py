"""What the callers of an audience may ask, with the reason for every number. Its file lays its own over these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

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


_NESTED: Final = ("cost_max", "budget_per_min")


def laid_over(numbers: AudienceLimits | Mapping[str, Any], given: object) -> object:
    """`given`, the content of a table, completed by `numbers`: so each is written down once."""
    if not isinstance(given, dict):
        return given
    complete = dict(numbers) if isinstance(numbers, Mapping) else asdict(numbers)
    for name in _NESTED:
        own = given.get(name, {})
        complete[name] = {**complete[name], **own} if isinstance(own, dict) else own
    return complete | {name: value for name, value in given.items() if name not in _NESTED}
