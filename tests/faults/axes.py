"""The rows and columns of the matrix: what goes wrong, and what the cache holds when it does."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.policies import HOUR_S, KEPT, Freshness

REQUEST_TIMEOUT_S = 1.5
"""What one request may take. Production's is longer; the shape is the same."""

CALL_TIMEOUT_S = 1.0
RETRY_AFTER_S = 2
"""What a failing system asks for: more than a request has left, so waiting it out is no way to an answer."""

WELL: dict[str, object] = {"quota_per_s": 100_000}
"""No fault, and no quota either: the ERP's usual one would be spent by the cells before."""

_LATE = frozenset({"UPSTREAM_TIMEOUT", "DEADLINE_EXCEEDED"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail. `knobs` are those of the sandbox; None stops the process. `codes` are what clients may read."""

    name: str
    says: str
    codes: frozenset[str]
    knobs: dict[str, object] | None = field(default_factory=dict)


FAULTS: tuple[Fault, ...] = (
    Fault("refused", "The process is gone; connections are refused.", frozenset({"UPSTREAM_UNREACHABLE"}), None),
    Fault("reset", "Connections are reset before a byte is answered.", frozenset({"UPSTREAM_UNREACHABLE"}),
          {"reset": 1}),
    Fault("stall", "Calls are taken and not answered.", _LATE, {"stall_s": 3}),
    Fault("slow drip", "Answers come byte by byte, too slowly to be of use.", _LATE, {"drip_ms_per_byte": 100}),
    Fault("500", "Every call is answered with status 500.", frozenset({"UPSTREAM_FAILED"}),
          {"error_ratio": 1, "error_status": 500}),
    Fault("503 + Retry-After", "Status 503, asking us to come back later.", frozenset({"UPSTREAM_FAILED"}),
          {"error_ratio": 1, "error_status": 503, "retry_after_s": RETRY_AFTER_S}),
    Fault("429", "The quota is spent: status 429.", frozenset({"UPSTREAM_THROTTLED"}),
          {"quota_per_s": 0, "retry_after_s": RETRY_AFTER_S}),
    Fault("200 with an error", "Status 200, and an error object for a body.", frozenset({"UPSTREAM_FAILED"}),
          {"error_in_200": 1}),
    Fault("garbled", "A body that is not JSON.", frozenset({"UPSTREAM_GARBLED"}), {"garbled": 1}),
    Fault("truncated", "The connection ends in the middle of the body.", frozenset({"UPSTREAM_GARBLED"}),
          {"truncated": 1}),
    Fault("wrong types", "JSON whose values have other types than agreed.", frozenset({"UPSTREAM_GARBLED"}),
          {"wrong_types": 1}),
)  # fmt: skip

BREAKER_OPEN = Fault(
    "breaker open", "It has been failing, now stalls, and is not asked any more.", frozenset({"UPSTREAM_BREAKER_OPEN"}),
    {"stall_s": 3},
)  # fmt: skip
"""A row of its own: every other row keeps the breaker from opening, so that no cell leaves it open for the next."""


class CacheState(enum.Enum):
    """What the cache holds of an answer when its system fails."""

    COLD = "cold"
    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"
    STORE_DOWN = "store down"

    @property
    def says(self) -> str:
        return _STATES_SAY[self]

    @property
    def holds(self) -> bool:
        """Whether there is anything that may stand in."""
        return self in {CacheState.FRESH, CacheState.STALE, CacheState.STORE_DOWN}


_STATES_SAY = {
    CacheState.COLD: "Never asked before: nothing is kept.",
    CacheState.FRESH: "Asked a moment ago: the answer is within its fresh time.",
    CacheState.STALE: "The answer is past its fresh time, and within the time it may stand in.",
    CacheState.EXPIRED: "The answer is older than it may ever be used.",
    CacheState.STORE_DOWN: "As stale, while the cache shared by all processes is down as well.",
}

BREAKER_STATES = (CacheState.COLD, CacheState.STALE)


def freshness_toml(state: CacheState) -> str:
    """The cache's settings under which what was just asked is in `state` at once: no cell waits for time to pass."""
    if state is CacheState.COLD:
        return ""
    return "".join(_table(name, _aged(kept.freshness, state)) for name, kept in KEPT.items())


def _aged(policy: Freshness, state: CacheState) -> Iterable[tuple[str, float]]:
    """Each kind of stale time that a read has in production it has here, moved to where the cell needs it."""
    if state is CacheState.FRESH:
        return (("fresh_s", HOUR_S), ("negative_s", HOUR_S))
    if state is CacheState.EXPIRED:
        return (("fresh_s", 0.0), ("stale_while_revalidate_s", 0.0), ("negative_s", 0.0),
                ("stale_if_error_s", 0.001 if policy.stale_if_error_s else 0.0))  # fmt: skip
    return (("fresh_s", 0.0), ("negative_s", 0.0),
            ("stale_while_revalidate_s", HOUR_S if policy.stale_while_revalidate_s else 0.0),
            ("stale_if_error_s", HOUR_S if policy.stale_if_error_s else 0.0))  # fmt: skip


def _table(name: str, numbers: Iterable[tuple[str, float]]) -> str:
    return f'[cache.freshness."{name}"]\n' + "".join(f"{key} = {number}\n" for key, number in numbers)
