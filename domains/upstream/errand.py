"""One call on its way through the Wire."""

from __future__ import annotations

import math
from dataclasses import dataclass

import httpx

from domains.upstream.call import CALL, Call
from domains.upstream.deadline import Deadline
from domains.upstream.lane import Lane
from domains.upstream.letter import Header, Letter, Limits
from domains.upstream.policy import WirePolicy
from domains.vocabulary import SystemRole, UpstreamError

DEADLINE_HEADER = "X-Request-Deadline-Ms"


@dataclass(slots=True)
class Errand:
    """What the steps of one call share. `attempts` counts how often the system was asked; `was_shed`: refused by us."""

    system: SystemRole
    policy: WirePolicy
    letter: Letter
    said: list[Header]
    call: Call
    lane: Lane
    deadline: Deadline | None
    attempts: int = 0
    was_shed: bool = False

    def left_s(self, now: float) -> float:
        """Seconds the system may take from `now` and leave time to answer without it; endless if nobody waits."""
        if self.deadline is None:
            return math.inf
        return max(0.0, self.deadline.at - now - self.policy.deadline_margin_s)

    def failed(self, kind: type[UpstreamError], detail: str, *, retry_after_s: float | None = None) -> UpstreamError:
        """The error to raise for this call."""
        return kind(self.system, self.call.capability, detail, retry_after_s=retry_after_s)

    def saying(self, limit_s: float) -> list[Header]:
        """What this attempt says: how long we wait, so that the system may stop working for nobody, and for whom."""
        return [(DEADLINE_HEADER, str(max(1, int(limit_s * 1000)))), *self.said]

    def limits(self, limit_s: float) -> Limits:
        """What bounds this attempt."""
        return Limits(limit_s, min(self.policy.connect_timeout_s, limit_s), self.policy.body_max_bytes)


def call_of(request: httpx.Request) -> Call:
    """The Call of a request. Raises LookupError or TypeError when a connector forgot it."""
    call = request.extensions.get(CALL)
    if call is None:
        raise LookupError(f"the request to {request.url} has no Call: send it with extensions={{CALL: Call(...)}}")
    if not isinstance(call, Call):
        raise TypeError(f"extensions[CALL] is a {type(call).__name__}, not a Call")
    return call
