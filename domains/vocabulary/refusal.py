"""Refusals: the business says no. A value, never an exception."""

import math
from typing import ClassVar

from domains.vocabulary.errors import BreakerOpen, UpstreamError, UpstreamSaturated, UpstreamThrottled
from domains.vocabulary.ids import SystemRole
from domains.vocabulary.record import Record


class Refusal(Record, frozen=True, kw_only=True):
    """Why a command was not carried out, in a sentence the caller can act on.

    `path` leads to the offending input member; `retry_after_seconds` is set when waiting helps.
    """

    code: ClassVar[str] = "REFUSED"
    message: str
    path: tuple[str, ...] | None = None
    retryable: bool = False
    retry_after_seconds: int | None = None


class IdempotencyConflict(Refusal, frozen=True, kw_only=True):
    """Returned when the same idempotency key came with another input."""

    code: ClassVar[str] = "IDEMPOTENCY_CONFLICT"


class BackendUnavailable(Refusal, frozen=True, kw_only=True):
    """Returned when the system that must decide cannot be asked now. The message says what may have been changed."""

    code: ClassVar[str] = "BACKEND_UNAVAILABLE"
    system: SystemRole


NEVER_SENT = (UpstreamThrottled, UpstreamSaturated, BreakerOpen)
"""What says that a call changed nothing. After any other failure nobody knows, until the system is asked."""


def not_asked(error: UpstreamError, who: str, unchanged: str) -> BackendUnavailable:
    """The refusal when a system ("order system") could not be asked; `unchanged` says that nothing happened."""
    return _unavailable(error, f"The {who} cannot be asked now. {unchanged} Try again with the same idempotency key.")


def not_written(error: UpstreamError, who: str, unchanged: str) -> BackendUnavailable:
    """The refusal when a keyed write failed: nothing was sent, or nobody knows what became of it."""
    if isinstance(error, NEVER_SENT):
        return not_asked(error, who, unchanged)
    return _unavailable(
        error,
        f"The {who} did not confirm this, and may have done it all the same. It is safe to repeat the request with the "
        "same idempotency key: it is then done once at most.",
    )


def key_conflict() -> IdempotencyConflict:
    """The refusal when the system says that the key came with another input before."""
    return IdempotencyConflict(
        message="This idempotency key was used with another input. Send a new key for a new request.",
        path=("input", "idempotencyKey"),
    )


def _unavailable(error: UpstreamError, message: str) -> BackendUnavailable:
    wait_s = error.retry_after_s
    return BackendUnavailable(
        message=message,
        retryable=True,
        retry_after_seconds=None if wait_s is None else math.ceil(wait_s),
        system=error.system,
    )
