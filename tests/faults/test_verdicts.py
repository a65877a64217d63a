"""The judge of the matrix: each way to break a promise is seen, and a kept one is not complained about."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from domains.vocabulary import SystemRole
from gateway.schema import degradations
from resolvers.directives import Degradation
from tests.faults.axes import BREAKER_OPEN, FAULTS, CacheState, Fault
from tests.faults.documents import BYSTANDERS, alias, requests_of
from tests.faults.verdicts import Judged, Observed, Outcome, judge

OMS = SystemRole.OMS
ASKINGS, *_ = requests_of(OMS)
PLACES = {asking.field: alias(place) for place, asking in enumerate(ASKINGS)}
STOCK = PLACES["Location.stock"]
FAILS = next(fault for fault in FAULTS if fault.name == "500")
Body = dict[str, Any]


DECLARED = degradations()
TOLD = {"code": "UPSTREAM_FAILED", "system": "OMS", "capability": "stock", "retryable": True}


def value_of(field: str, promised: str) -> Any:
    if DECLARED[field] is Degradation.CONSERVATIVE:
        status = "IN_STOCK" if promised == "9" else "LIMITED_AVAILABILITY"
        return {"status": status, "availableToPromise": promised, "freshness": {"tier": promised}}
    return {"name": "cup", "freshness": {"tier": promised}}


def failed(place: int) -> Body:
    return {"message": "OMS (stock) answered with a fault.", "path": [alias(place)], "extensions": dict(TOLD)}


def answer(promised: str, tier: str) -> Body:
    """Every field known, with `promised` pieces of everything, and `tier` told of each."""
    data: Body = {role.value.lower(): {"name": "beside"} for role in BYSTANDERS if role is not OMS}
    paths = {}
    for place, asking in enumerate(ASKINGS):
        value = value_of(asking.field, promised)
        for name in reversed(asking.names[1:]):
            value = {name: value}
        data[alias(place)] = [value]
        paths[".".join((alias(place), *asking.names[1:]))] = tier
    return {"data": data, "extensions": {"freshness": {"paths": paths}}}


def nothing() -> Body:
    """Nothing kept: no field known and an error for each, but for those that other books stand in for."""
    body = answer("6", "STALE_DEGRADED")
    places = [place for place, asking in enumerate(ASKINGS) if not asking.backed]
    body["data"] |= {alias(place): None for place in places}
    body["errors"] = [failed(place) for place in places]
    return body


def judged(
    body: Body, state: CacheState, *, fault: Fault = FAILS, seconds: float = 0.1, calls: dict[str, int] | None = None
) -> Judged:
    seen = Observed(
        body=body, healthy=answer("9", "LIVE"), seconds=seconds, calls=calls or {}, healthy_calls={"POST /v1/stock": 1}
    )
    return judge(ASKINGS, fault, state, DECLARED, seen)


def outcomes(cell: Judged) -> set[Outcome]:
    return {outcome for _, outcome in cell.outcomes}


def test_kept_promises_are_not_complained_about() -> None:
    """Fresh as ever, stale as last known or less a buffer, and where nothing is kept null with an error, or what the
    books say."""
    fresh, stale = judged(answer("9", "FRESH"), CacheState.FRESH), judged(answer("6", "STALE_OK"), CacheState.STALE)
    cold = judged(nothing(), CacheState.COLD)
    assert (fresh.complaints, stale.complaints, cold.complaints) == ((), (), ())
    assert outcomes(fresh) == {Outcome.AS_EVER}
    assert outcomes(stale) == {Outcome.LAST_KNOWN, Outcome.CONSERVATIVE}
    assert outcomes(cold) == {Outcome.LAST_KNOWN, Outcome.CONSERVATIVE, Outcome.NULL}


def spoilt(body: Body, spoil: Callable[[Body], object]) -> Body:
    body = copy.deepcopy(body)
    spoil(body)
    return body


def _stock(body: Body) -> Body:
    stock: Body = body["data"][STOCK][0]["stock"]
    return stock


def _told(body: Body) -> Body:
    told: Body = body["errors"][0]["extensions"]
    return told


SPOILT_STALE: dict[str, Callable[[Body], object]] = {
    "null without an error": lambda body: body["data"].update({STOCK: None}),
    "more than was known": lambda body: _stock(body).update({"availableToPromise": "10"}),
    "no buffer": lambda body: _stock(body).update({"availableToPromise": "9"}),
    "called plentiful": lambda body: _stock(body).update({"status": "IN_STOCK"}),
    "another value": lambda body: body["data"][PLACES["Query.location"]][0].update({"name": "mug"}),
    "said to be fresh": lambda body: body["extensions"]["freshness"]["paths"].update({f"{STOCK}.stock": "FRESH"}),
    "nothing said of its age": lambda body: body["extensions"].clear(),
    "a bystander hurt": lambda body: body["data"].update({"crm": None}),
}


@pytest.mark.parametrize("spoil", SPOILT_STALE.values(), ids=SPOILT_STALE)
def test_a_broken_promise_is_seen_where_something_is_kept(spoil: Callable[[Body], object]) -> None:
    """What should have been the last known answer, and is not, is complained about."""
    assert judged(spoilt(answer("6", "STALE_DEGRADED"), spoil), CacheState.STALE).complaints


SPOILT_COLD: dict[str, Callable[[Body], object]] = {
    "no error": lambda body: body["errors"].pop(),
    "another system blamed": lambda body: _told(body).update({"system": "ERP"}),
    "no capability": lambda body: _told(body).pop("capability"),
    "not retryable": lambda body: _told(body).update({"retryable": False}),
    "another code": lambda body: _told(body).update({"code": "INTERNAL"}),
    "an address shown": lambda body: body["errors"][0].update({"message": "cannot reach 127.0.0.1"}),
    "a value out of nowhere": lambda body: body["data"].update({PLACES["Query.order"]: [{"status": "SHIPPED"}]}),
    "nobody stood in": lambda body: body["data"].update({STOCK: None}),
    "books believed in full": lambda body: _stock(body).update({"availableToPromise": "9"}),
}


@pytest.mark.parametrize("spoil", SPOILT_COLD.values(), ids=SPOILT_COLD)
def test_a_broken_promise_is_seen_where_nothing_is_kept(spoil: Callable[[Body], object]) -> None:
    """Null goes with an error that names the system, what was asked of it, a code, and whether to come back."""
    assert judged(spoilt(nothing(), spoil), CacheState.COLD).complaints


def test_late_answers_and_needless_calls_are_seen() -> None:
    """Each state and fault has its own limit of time and of calls."""
    fresh, stale = answer("9", "FRESH"), answer("6", "STALE_OK")
    assert judged(stale, CacheState.STALE, seconds=5).complaints
    assert judged(fresh, CacheState.FRESH, seconds=1).complaints
    assert judged(fresh, CacheState.FRESH, calls={"POST /v1/stock": 1}).complaints
    assert not judged(stale, CacheState.STALE, calls={"POST /v1/stock": 3}).complaints
    assert judged(stale, CacheState.STALE, calls={"POST /v1/stock": 4}).complaints
    assert judged(stale, CacheState.STALE, fault=BREAKER_OPEN, calls={"POST /v1/stock": 1}).complaints
    assert judged(stale, CacheState.STALE, fault=BREAKER_OPEN, seconds=1).complaints


def test_what_is_never_kept_is_asked_for_however_fresh_the_rest() -> None:
    """It may take its time and its calls, and is null with an error in every state."""
    _, unkept = requests_of(SystemRole.LOYALTY)
    told = {**TOLD, "system": "LOYALTY"}
    healthy: Body = {"data": {role.value.lower(): {"name": "beside"} for role in SystemRole}}
    body = copy.deepcopy(healthy) | {"errors": [failed(place) | {"extensions": told} for place in range(len(unkept))]}
    for place in range(len(unkept)):
        healthy["data"][alias(place)], body["data"][alias(place)] = {"value": "50"}, None
    seen = Observed(body=body, healthy=healthy, seconds=1.5, calls={"POST /v1/x": 3}, healthy_calls={"POST /v1/x": 1})
    cell = judge(unkept, FAILS, CacheState.FRESH, DECLARED, seen)
    assert cell.complaints == ()
    assert outcomes(cell) == {Outcome.NULL}
