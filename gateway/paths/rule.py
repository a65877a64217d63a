"""Which systems nobody may wait for on which path."""

from __future__ import annotations

from collections.abc import Iterable

from domains.vocabulary import ServingPath, ServingTier, SystemRole
from gateway.paths.reach import Touch

SHUT: dict[ServingPath, frozenset[SystemRole]] = {ServingPath.CHECKOUT: frozenset({SystemRole.ERP})}
"""The reason this product exists: a slow ERP must not be able to stop a shopper from paying."""

_ANYBODYS = frozenset({ServingPath.CHECKOUT, ServingPath.BROWSE})

_INSTEAD = {
    "accountStatus": "leave it out: an order of a blocked account is stopped after it was accepted",
    "financialSummary": "use Order.financialStatus and Order.total, which the OMS answers",
    "erpPosting": "use flow, which tells the number of the document once it is posted",
}


def document_path(callers: ServingPath | None, said: ServingPath | None) -> ServingPath | None:
    """The path of a trusted document that says it is on one, for a caller who is on `callers`.

    Any document may be at the till, or be a page that is browsed; SERVICE and BACKOFFICE belong to those who work
    there, and somebody else's document that says so stays on its caller's path.
    """
    if said is None or callers is None:
        return callers
    return said if said in _ANYBODYS or callers not in _ANYBODYS else callers


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
