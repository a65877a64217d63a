"""One call on its way through the Wire."""

from __future__ import annotations

import math

import httpx
import msgspec

from domains.upstream.call import CALL, Call
from domains.upstream.correlation import Said
from domains.upstream.deadline import Deadline
from domains.upstream.frames import without_frames
from domains.upstream.lane import Lane
from domains.upstream.letter import Letter, Limits
from domains.upstream.policy import WirePolicy
from domains.vocabulary import NEVER_SENT, SystemRole, UpstreamError


class Errand(msgspec.Struct):
    """What the steps of one call share. `attempts` counts how often the system was asked; `was_shed`: refused by us.

    `until` is when the system has to have answered, to leave time to answer without it; endless if nobody waits.
    `unheard` is how an attempt failed that may have been carried out all the same.
    """

    system: SystemRole
    policy: WirePolicy
    letter: Letter
    said: Said
    call: Call
    lane: Lane
    until: float
    attempts: int = 0
    was_shed: bool = False
    unheard: UpstreamError | None = None

    def left_s(self, now: float) -> float:
        """Seconds the system may take from `now`."""
        left_s = self.until - now
        return left_s if left_s > 0 else 0.0

    def failed(self, kind: type[UpstreamError], detail: str, *, retry_after_s: float | None = None) -> UpstreamError:
        """The error to raise for this call."""
        return kind(self.system, self.call.capability, detail, retry_after_s=retry_after_s)

    def again(self, error: UpstreamError) -> None:
        """Note that the call is made again after `error`."""
        if self.call.write and not isinstance(error, NEVER_SENT):
            without_frames(error)
            self.unheard = error

    def doubt(self, error: UpstreamError) -> None:
        """Raise what an attempt before ended in that may have been carried out, where `error`, which ends the call,
        would say that nothing was sent."""
        if self.unheard is None or not isinstance(error, NEVER_SENT):
            return
        unheard, self.unheard = self.unheard, None
        without_frames(error)
        try:
            raise unheard from error
        finally:
            del unheard  # as in `attempt.read`

    def limits(self, left_s: float) -> Limits:
        """What bounds an attempt that has `left_s`, where that is less than usual."""
        policy = self.policy
        limit_s = min(policy.timeout_s, left_s)
        return Limits(limit_s, min(policy.connect_timeout_s, limit_s), policy.body_max_bytes)


def until(deadline: Deadline | None, policy: WirePolicy) -> float:
    """`Errand.until` for a caller who waits until `deadline`."""
    return math.inf if deadline is None else deadline.at - policy.deadline_margin_s


def call_of(request: httpx.Request) -> Call:
    """The Call of a request. Raises LookupError or TypeError when a connector forgot it."""
    call = request.extensions.get(CALL)
    if call is None:
        raise LookupError(f"the request to {request.url} has no Call: send it with extensions={{CALL: Call(...)}}")
    if not isinstance(call, Call):
        raise TypeError(f"extensions[CALL] is a {type(call).__name__}, not a Call")
    return call
