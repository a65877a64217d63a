"""The error tree. Drawn once, translated to once (at the wall of each system), read by GraphQL and by telemetry.

RetailError
|-- InvalidInput            the caller's input is wrong; says where and what is allowed
|-- TooStale                what is known is older than the caller takes
|-- NotPermitted            the caller may not do this, whatever it is about
`-- UpstreamError           an outside system did not answer as it should; names it
    |-- UpstreamUnreachable     refused, reset, no route                             counts against it
    |-- UpstreamTimeout         did not answer within its own time limit             counts against it
    |-- UpstreamFailed          5xx, 408, or an error in a 200                       counts against it
    |-- UpstreamGarbled         the body is not what the contract says               counts against it
    |-- UpstreamThrottled       429: it asks us to wait                              does not count
    |-- UpstreamRejected        4xx: it is healthy and says no to this request       does not count
    |-- UpstreamSaturated       our own slots for it are taken and the queue is full does not count
    |-- BreakerOpen             not asked: it has been failing                       does not count
    |-- ProjectionCold          our copy of its data was never filled                does not count
    |-- SystemOffPath           this path may not wait for it (the ERP on checkout)  does not count
    |-- RegionNotServed         nothing is kept there for the caller's region        does not count
    `-- DeadlineExceeded        our caller's time is up                              does not count
"""

import math

from domains.vocabulary.ids import SystemRole
from domains.vocabulary.path import ServingPath


class RetailError(Exception):
    """Everything the house raises on purpose. `code` is stable and public."""

    code = "RETAIL_ERROR"


class InvalidInput(RetailError):
    """The caller's input is wrong. The message says what is allowed; `path` leads to the place inside the arguments."""

    code = "BAD_USER_INPUT"

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class TooStale(RetailError):
    """What is known is older than the caller takes, and nothing newer could be had.

    `source` is the reading's, both times are whole seconds.
    """

    code = "TOO_STALE"

    def __init__(self, source: str, *, age_s: int, max_stale_s: int) -> None:
        super().__init__(
            f"What {source} said is {age_s} s old, and at most {max_stale_s} s are accepted. "
            "Ask again in a moment, or accept an older answer."
        )
        self.source = source
        self.age_s = age_s
        self.max_stale_s = max_stale_s


class NotPermitted(RetailError):
    """The caller may not do this at all. What is somebody else's is not found instead, so that nobody learns of it."""

    code = "FORBIDDEN"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UpstreamError(RetailError):
    """An outside system did not answer as it should.

    `detail` is for logs only: it may hold addresses and vendor texts, which clients never see.
    """

    code = "UPSTREAM_ERROR"
    says = "did not answer as it should"
    retryable = True
    counts_against = True

    def __init__(
        self, system: SystemRole, capability: str, detail: str = "", *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{system.value} ({capability}) {self.says}" + (f": {detail}" if detail else ""))
        self.system = system
        self.capability = capability
        self.detail = detail
        self.retry_after_s = retry_after_s

    @property
    def public_message(self) -> str:
        """What a client may read: the system, the capability, what happened and what to do."""
        advice = "Try again in a moment." if self.retryable else "The same request will fail again."
        if self.retryable and self.retry_after_s:
            advice = f"Try again in {math.ceil(self.retry_after_s)} s."
        return f"{self.system.value} ({self.capability}) {self.says}. {advice}"


class UpstreamUnreachable(UpstreamError):
    code = "UPSTREAM_UNREACHABLE"
    says = "cannot be reached"


class UpstreamTimeout(UpstreamError):
    code = "UPSTREAM_TIMEOUT"
    says = "did not answer in time"


class UpstreamFailed(UpstreamError):
    code = "UPSTREAM_FAILED"
    says = "answered with a fault"


class UpstreamGarbled(UpstreamError):
    code = "UPSTREAM_GARBLED"
    says = "gave an answer that cannot be read"


class UpstreamThrottled(UpstreamError):
    code = "UPSTREAM_THROTTLED"
    says = "asks for fewer calls"
    counts_against = False


class UpstreamRejected(UpstreamError):
    """The system is healthy and says no: `status` is its HTTP status, `reason` its machine-readable code, if any."""

    code = "UPSTREAM_REJECTED"
    says = "does not accept this request"
    retryable = False
    counts_against = False

    def __init__(
        self, system: SystemRole, capability: str, detail: str = "", *, status: int, reason: str | None = None
    ) -> None:
        super().__init__(system, capability, detail)
        self.status = status
        self.reason = reason


class UpstreamSaturated(UpstreamError):
    code = "UPSTREAM_SATURATED"
    says = "has as many calls in flight as it may have"
    counts_against = False


class BreakerOpen(UpstreamError):
    code = "UPSTREAM_BREAKER_OPEN"
    says = "has been failing and is not being asked"
    counts_against = False


class ProjectionCold(UpstreamError):
    """What is asked for is answered from our copy of the system's data, and that has never been read to the end.

    So a key that is not in it yet may exist: it is unknown, not missing.
    """

    code = "PROJECTION_COLD"
    says = "has not been read into the projection yet"
    counts_against = False


class DeadlineExceeded(UpstreamError):
    code = "DEADLINE_EXCEEDED"
    says = "could not be asked within the time of this request"
    counts_against = False


class RegionNotServed(UpstreamError):
    """The caller is bound to a region that no system of this role is of. None is asked: whatever another region keeps
    is not theirs to see."""

    code = "REGION_NOT_SERVED"
    says = "is not kept for the region that you are bound to"
    retryable = False
    counts_against = False


class SystemOffPath(UpstreamError):
    """The last guard: a call that the schema's declarations should have made impossible. It is counted and never made.

    `code` names both, as in ERP_ON_CHECKOUT_PATH.
    """

    code = "SYSTEM_OFF_PATH"
    says = "may not be waited for on this path"
    retryable = False
    counts_against = False

    def __init__(self, system: SystemRole, capability: str, detail: str = "", *, path: ServingPath) -> None:
        super().__init__(system, capability, detail)
        self.code = f"{system.value}_ON_{path.value}_PATH"
