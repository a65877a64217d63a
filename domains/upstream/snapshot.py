"""What a Wire looks like at one moment, for the operations view."""

from __future__ import annotations

from dataclasses import dataclass

from domains.upstream.breaker import BreakerState
from domains.vocabulary import ServingPath, SystemRole


@dataclass(frozen=True, slots=True)
class CapabilitySnapshot:
    """`calls`, `failures` (calls that ended counting against the system) and `shed` (calls never made) since the start.

    `p50_s` and `p99_s` are of recent answers, None while there are too few. `open_for_s` is how much longer the breaker
    refuses; 0 when it does not.
    """

    capability: str
    breaker: BreakerState
    open_for_s: float
    calls: int
    failures: int
    shed: int
    in_flight: int
    p50_s: float | None
    p99_s: float | None


@dataclass(frozen=True, slots=True)
class WireSnapshot:
    """The whole system: slots, the pause its quota imposes, the retries it may still be asked, its capabilities.

    `asked_on` counts how often it was asked (attempts) by the path somebody waited on, None for background work;
    `refused_on` the calls that were refused because their path may not wait for it.
    """

    system: SystemRole
    in_flight: int
    slots_max: int
    queued: int
    paused_for_s: float
    retry_tokens: float
    capabilities: tuple[CapabilitySnapshot, ...]
    asked_on: dict[ServingPath | None, int]
    refused_on: dict[ServingPath, int]
