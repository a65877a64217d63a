"""How a step may end: four ways, and no other."""

from __future__ import annotations

from dataclasses import dataclass

from domains.vocabulary import NEVER_SENT, DeadlineExceeded, Record, SystemOffPath, UpstreamError, UpstreamRejected


@dataclass(frozen=True, slots=True)
class Done:
    """The step's effect stands. `result` is what later steps and the undo need; `reference` is the system's own number
    for it, shown to people ("4500001234")."""

    result: Record | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Not now. `why` is for people; `after_s` None leaves the wait to the journal's own doubling pause.

    `unheard` means that the system may have done it all the same: before the step is tried again, or undone, the
    system is asked (`Step.find`).
    """

    why: str
    after_s: float | None = None
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The system says no, and will say so again. `code` is its own word for it, `why` a sentence for people."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class NeedsPerson:
    """Neither waiting nor going back would be right: a person decides. `why` tells them what is the matter."""

    why: str


Outcome = Done | RetryAfter | Refused | NeedsPerson


def outcome_of(error: UpstreamError) -> RetryAfter | Refused | NeedsPerson:
    """What an error of the Wire means to a step.

    A rejection is final, but for two that say something of us and not of the business: a key that came with another
    input, and credentials that are not taken. What was never sent has changed nothing; of everything else nobody knows.
    """
    if isinstance(error, UpstreamRejected):
        if error.reason == "IDEMPOTENCY_CONFLICT" or error.status in (401, 403):
            return NeedsPerson(f"{error.system.value} does not accept our request: {error.reason or error.status}.")
        code = error.reason or f"HTTP_{error.status}"
        return Refused(code, f"{error.system.value} refused: {code}.")
    if isinstance(error, SystemOffPath):
        return NeedsPerson(error.public_message)
    wait_s = error.retry_after_s
    if isinstance(error, NEVER_SENT):
        return RetryAfter(f"{error.system.value} {error.says}", wait_s)
    if isinstance(error, DeadlineExceeded):
        return RetryAfter(f"{error.system.value} did not answer in time", wait_s, unheard=True)
    return RetryAfter(f"{error.system.value} {error.says}", wait_s, unheard=True)
