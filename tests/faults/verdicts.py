"""What a cell of the matrix must look like, and whether it does. Pure: answers in, outcomes and complaints out."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from domains.upstream import DEFAULTS
from domains.vocabulary import SystemRole
from resolvers.directives import Degradation
from tests.faults.axes import BREAKER_OPEN, REQUEST_TIMEOUT_S, CacheState, Fault
from tests.faults.documents import Asking, alias, reached

GRACE_S = 0.6
"""On top of a request's own deadline: its grace, and two shared cores that also run what is asked."""

AT_ONCE_S = 0.6
"""What needs no outside system is answered within this, however that system fails."""

Json = dict[str, Any]
Path = tuple[str | int, ...]


class Outcome(enum.Enum):
    """What a field showed, best first."""

    AS_EVER = "unaffected"
    LAST_KNOWN = "last known"
    CONSERVATIVE = "conservative"
    NULL = "null + error"
    BROKEN = "not as declared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One request while a system failed. `calls` count what reached that system for it; None when it had no process."""

    body: Json
    healthy: Json
    seconds: float
    calls: Mapping[str, int] | None
    healthy_calls: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcome of each field that was asked for, and whatever contradicts what was declared.

    `beside` is the request for what is never kept, where a cell has one.
    """

    outcomes: tuple[tuple[Asking, Outcome], ...]
    complaints: tuple[str, ...]
    seconds: float
    calls: int | None
    beside: Judged | None = None


def judge(
    asked: tuple[Asking, ...], fault: Fault, state: CacheState, declared: Mapping[str, Degradation], seen: Observed
) -> Judged:
    """Hold a request against what its fields declare."""
    system = asked[0].system
    asks_nobody = fault is BREAKER_OPEN or (state is CacheState.FRESH and all(asking.kept for asking in asked))
    complaints = [
        *_late(seen.seconds, AT_ONCE_S if asks_nobody else REQUEST_TIMEOUT_S + GRACE_S),
        *_calls(seen, 0 if asks_nobody else 1 + DEFAULTS[system].retries_max),
        *_bystanders(system, seen),
        *_errors(system, fault, seen.body),
    ]
    outcomes = []
    for place, asking in enumerate(asked):
        told, outcome = _field(asking, place, declared[asking.field], state, seen)
        complaints += [f"{asking.field} ({asking.path}): {complaint}" for complaint in told]
        outcomes.append((asking, Outcome.BROKEN if told else outcome))
    calls = None if seen.calls is None else sum(seen.calls.values())
    return Judged(tuple(outcomes), tuple(complaints), seen.seconds, calls)


def _field(
    asking: Asking, place: int, declared: Degradation, state: CacheState, seen: Observed
) -> tuple[list[str], Outcome]:
    before = {path: value for path, value in reached(seen.healthy["data"], asking, place) if value is not None}
    after = dict(reached(seen.body["data"], asking, place))
    if asking.projected:
        told = (seen.body.get("extensions", {}).get("freshness", {}).get("paths") or {}).get(_told_at(asking, place))
        return _is_last_known(before, after, told, {"LIVE", "FRESH", "STALE_OK"}), Outcome.AS_EVER
    holds = state.holds and asking.kept
    if declared is Degradation.NULL or not (holds or asking.backed):
        return _is_null(after, seen), Outcome.NULL
    tier = (seen.body.get("extensions", {}).get("freshness", {}).get("paths") or {}).get(_told_at(asking, place))
    if state is CacheState.FRESH:
        return _is_last_known(before, after, tier, {"FRESH"}), Outcome.AS_EVER
    if declared is Degradation.CONSERVATIVE:
        return _is_conservative(before, after, tier), Outcome.CONSERVATIVE
    return _is_last_known(before, after, tier, {"STALE_OK", "STALE_DEGRADED"}), Outcome.LAST_KNOWN


def _told_at(asking: Asking, place: int) -> str:
    """Where `extensions.freshness` tells the tier of a field."""
    return ".".join((alias(place), *asking.names[1:]))


def _is_null(after: Mapping[Path, object], seen: Observed) -> list[str]:
    wrong = []
    for path, value in after.items():
        if value is not None and _at(seen.healthy["data"], path) is not None:
            wrong.append(f"shows {value!r} at {_dotted(path)}, where nothing can be known")
        elif value is None and _at(seen.healthy["data"], path) is not None and not _error_at(seen.body, path):
            wrong.append(f"is null at {_dotted(path)} and no error says why")
    return wrong


def _is_last_known(
    before: Mapping[Path, object], after: Mapping[Path, object], tier: str | None, tiers: set[str]
) -> list[str]:
    wrong = [
        f"shows {after.get(path)!r} at {_dotted(path)} instead of {value!r}"
        for path, value in before.items()
        if _undated(after.get(path)) != _undated(value)
    ]
    return wrong or ([] if tier in tiers else [f"has tier {tier}, not {' or '.join(sorted(tiers))}"])


def _is_conservative(before: Mapping[Path, object], after: Mapping[Path, object], tier: str | None) -> list[str]:
    wrong = [] if tier in {"STALE_OK", "STALE_DEGRADED"} else [f"has tier {tier}"]
    for path, value in before.items():
        was, now = _stock(value), _stock(after.get(path))
        if was is None or now is None:
            wrong.append(f"shows {after.get(path)!r} at {_dotted(path)} instead of {value!r}")
        elif now["status"] != "LIMITED_AVAILABILITY":
            wrong.append(f"is called {now['status']} at {_dotted(path)}")
        elif not 0 <= Decimal(now["availableToPromise"]) < Decimal(was["availableToPromise"]):
            wrong.append(f"promises {now['availableToPromise']} at {_dotted(path)} of {was['availableToPromise']}")
    return wrong


def _stock(value: object) -> Json | None:
    """The stock that a value tells of: of a basket's line, its best place."""
    if isinstance(value, dict) and "best" in value:
        return _stock(value["best"])
    return value if isinstance(value, dict) and value.get("availableToPromise") is not None else None


def _late(seconds: float, limit_s: float) -> list[str]:
    return [] if seconds <= limit_s else [f"took {seconds:.2f} s, and may take {limit_s:.2f} s"]


def _calls(seen: Observed, each_most: int) -> list[str]:
    """Each call that an answer takes when all is well may be made `each_most` times, retries included."""
    return [
        f"{endpoint} was called {count} times, and may be {most} times"
        for endpoint, count in (seen.calls or {}).items()
        if count > (most := each_most * seen.healthy_calls.get(endpoint, 0))
    ]


def _bystanders(system: SystemRole, seen: Observed) -> list[str]:
    others = [role.value.lower() for role in SystemRole if role is not system]
    return [
        f"the bystander of {other} shows {seen.body['data'][other]!r} instead of {seen.healthy['data'][other]!r}"
        for other in others
        if seen.body["data"][other] is None or seen.body["data"][other] != seen.healthy["data"][other]
    ]


def _errors(system: SystemRole, fault: Fault, body: Json) -> list[str]:
    """Every error names the failing system, what of it was asked, whether to come back, and a code that fits."""
    wrong = []
    for error in body.get("errors", ()):
        told, where = error.get("extensions", {}), _dotted(tuple(error.get("path", ())))
        if told.get("system") != system.value:
            wrong.append(f"the error at {where} names {told.get('system')}: {error.get('message')}")
        if not told.get("capability"):
            wrong.append(f"the error at {where} names no capability")
        if told.get("retryable") is not True:
            wrong.append(f"the error at {where} says retryable: {told.get('retryable')}")
        if told.get("code") not in fault.codes:
            wrong.append(f"the error at {where} has the code {told.get('code')}")
        if "127.0.0.1" in error.get("message", ""):
            wrong.append(f"the error at {where} shows an address")
    return wrong


def _error_at(body: Json, path: Path) -> bool:
    return any(tuple(error.get("path", ()))[: len(path)] == path for error in body.get("errors", ()))


def _at(data: object, path: Path) -> object:
    for step in path:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _undated(value: object) -> object:
    """The value without its freshness, which is what changes."""
    if isinstance(value, dict):
        return {name: _undated(member) for name, member in value.items() if name != "freshness"}
    return [_undated(item) for item in value] if isinstance(value, list) else value


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
