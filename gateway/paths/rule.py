"""Which systems nobody may wait for on which path."""

from __future__ import annotations

from collections.abc import Iterable

from domains.vocabulary import ServingPath, ServingTier, SystemRole
from gateway.paths.reach import Touch

SHUT: dict[ServingPath, frozenset[SystemRole]] = {ServingPath.CHECKOUT: frozenset({SystemRole.ERP})}
"""The reason this product exists: a slow ERP must not be able to stop a shopper from paying."""

_AUDIENCES = {"associate": ServingPath.SERVICE, "operations": ServingPath.BACKOFFICE}

_INSTEAD = {
    "accountStatus": "leave it out: an order of a blocked account is stopped after it was accepted",
    "financialSummary": "use Order.financialStatus and Order.total, which the OMS answers",
    "erpPosting": "leave it out: the document is made after checkout; ask on the SERVICE path",
}


def path_of(audience: str) -> ServingPath:
    """The path of an audience: whoever is not known to be patient is at the till."""
    return _AUDIENCES.get(audience, ServingPath.CHECKOUT)


def offences(touched: Iterable[Touch], path: ServingPath) -> tuple[Touch, ...]:
    """The touches that would let somebody on `path` wait for a system that is shut to it."""
    shut = SHUT.get(path, frozenset())
    return tuple(touch for touch in touched if touch.served.tier is ServingTier.LIVE and touch.served.systems & shut)


def code_of(touch: Touch, path: ServingPath) -> str:
    """The stable code of an offence, such as ERP_ON_CHECKOUT_PATH."""
    system = min(touch.served.systems & SHUT[path], key=lambda role: role.value)
    return f"{system.value}_ON_{path.value}_PATH"


def instead(touch: Touch) -> str:
    """What to ask for instead."""
    return _INSTEAD.get(touch.coordinate.split(".")[-1], "leave it out here, or ask for it on the SERVICE path")
