"""The Wire: everything that stands between the house and an outside system.

Knows HTTP and time, no vendor and no business."""

from domains.upstream.breaker import BreakerState, Verdict
from domains.upstream.call import CALL, Call, decoded
from domains.upstream.correlation import correlation_id, traceparent
from domains.upstream.deadline import Deadline, current_deadline, deadline_scope
from domains.upstream.events import BreakerChanged, CallFinished, Event, Hook, Shed
from domains.upstream.frames import without_frames
from domains.upstream.gathering import Gathered, GatheringPolicy
from domains.upstream.opening import open_wire
from domains.upstream.outbound import Outbound
from domains.upstream.path import current_path, path_scope
from domains.upstream.policy import DEFAULTS, WirePolicy
from domains.upstream.snapshot import CapabilitySnapshot, WireSnapshot
from domains.upstream.transport import Wire

__all__ = [
    "CALL",
    "DEFAULTS",
    "BreakerChanged",
    "BreakerState",
    "Call",
    "CallFinished",
    "CapabilitySnapshot",
    "Deadline",
    "Event",
    "Gathered",
    "GatheringPolicy",
    "Hook",
    "Outbound",
    "Shed",
    "Verdict",
    "Wire",
    "WirePolicy",
    "WireSnapshot",
    "correlation_id",
    "current_deadline",
    "current_path",
    "deadline_scope",
    "decoded",
    "open_wire",
    "path_scope",
    "traceparent",
    "without_frames",
]
