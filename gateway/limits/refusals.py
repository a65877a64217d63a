"""What a caller is told who asks for too much: the limit, what it would cost, and when to come back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from domains.vocabulary import SystemRole

RATE_LIMITED = "RATE_LIMITED"
CONCURRENCY_EXCEEDED = "CONCURRENCY_EXCEEDED"
COST_EXCEEDED = "COST_EXCEEDED"
BUDGET_SPENT = "BUDGET_SPENT"
LIST_TOO_LONG = "LIST_TOO_LONG"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`details` stand beside the code for programs. `retry_after_s` is None when waiting does not help."""

    code: str
    message: str
    details: Mapping[str, object] = field(default_factory=dict)
    retry_after_s: int | None = None

    @property
    def extensions(self) -> dict[str, object]:
        """All of it but code and message, as an error's extensions have it."""
        said = dict(self.details)
        if self.retry_after_s is not None:
            said |= {"retryable": True, "retryAfterSeconds": self.retry_after_s}
        return said


class Refused(Exception):
    """A whole request is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def too_fast(requests_per_s: float, burst: int, wait_s: float) -> Refusal:
    seconds = _seconds(wait_s)
    told = f"This caller may send {requests_per_s:g} requests a second, and {burst} at once. Try again in {seconds} s."
    return Refusal(RATE_LIMITED, told, {"requestsPerSecond": requests_per_s, "burst": burst}, seconds)


def too_many(concurrent_max: int) -> Refusal:
    told = f"{concurrent_max} operations of this caller are being answered, and so many may be. Try again in 1 s."
    return Refusal(CONCURRENCY_EXCEEDED, told, {"limit": concurrent_max}, 1)


def too_dear(system: SystemRole, cost: int, limit: int) -> Refusal:
    told = (
        f"This operation may cost {_calls(cost)} to {system.value}, and one may cost {limit}. "
        "Ask for smaller pages, fewer keys, or in several operations."
    )
    return Refusal(COST_EXCEEDED, told, {"system": system.value, "cost": cost, "limit": limit})


def too_long(items: int, limit: int) -> Refusal:
    told = f"This operation may bring {items} items of lists, and one may bring {limit}. Ask for smaller pages."
    return Refusal(LIST_TOO_LONG, told, {"found": items, "limit": limit})


def spent(system: SystemRole, cost: int, left: float, budget: int, wait_s: float) -> Refusal:
    """`left` of `budget` calls a minute are there, and `cost` are needed."""
    seconds, left = _seconds(wait_s), max(0, math.floor(left))
    told = (
        f"This operation may cost {_calls(cost)} to {system.value}, and {left} are left of the {budget} a minute that "
        f"this caller has. Try again in {seconds} s."
    )
    return Refusal(
        BUDGET_SPENT, told, {"system": system.value, "cost": cost, "left": left, "budgetPerMinute": budget}, seconds
    )


def _seconds(wait_s: float) -> int:
    """Whole seconds, as Retry-After has them (RFC 9110, 10.2.3), and never too few."""
    return max(1, math.ceil(wait_s)) if math.isfinite(wait_s) else 60


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"
