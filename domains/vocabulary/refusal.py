"""Refusals: the business says no. A value, never an exception."""

from typing import ClassVar

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
