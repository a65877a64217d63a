"""How fast the ERP may be read in the background: so many calls a second, and fewer while people wait for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

STEP_ASIDE_S = 0.25  # how long background work looks away before it looks again whether people wait
STEP_ASIDE_MAX_S = 5.0  # then it takes its turn: stock must not grow old because a shop is busy all day


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPolicy:
    """The numbers of a refresh. Raises ValueError when they make no sense."""

    # An ERP that grants 40 calls a second keeps seven eighths of them for people; 220 pages of a thousand positions
    # take 44 s.
    calls_per_s: float = 5.0
    # As many as the contract allows: the fewest calls, some 200 KiB each.
    page_size: int = 1000
    # A restart behind a load balancer takes seconds; what lasts longer than four waits is left to the next attempt.
    tries_max: int = 5
    wait_first_s: float = 0.5
    # Vendors' quota windows are a minute, seldom more.
    wait_max_s: float = 60.0

    def __post_init__(self) -> None:
        if self.calls_per_s <= 0 or self.tries_max < 1 or self.wait_first_s < 0 or self.wait_max_s < 0:
            raise ValueError("calls_per_s is more than 0, tries_max at least 1, and no wait is negative")

    def wait_s(self, tries: int, asked_s: float | None) -> float:
        """Seconds before the next try after `tries` failed ones: what the system asks for, or doubling from the first.

        No jitter: only one process reads.
        """
        doubled_s: float = self.wait_first_s * 2.0 ** (tries - 1)
        return min(self.wait_max_s, max(asked_s or 0.0, doubled_s))


class Pace:
    """Grants calls one by one, never two closer together than the rate allows: a pause does not save up a burst.

    `ticks` are monotonic seconds. `crowded` says whether people wait for the same system.
    """

    def __init__(
        self,
        calls_per_s: float,
        ticks: Callable[[], float],
        rest: Callable[[float], Awaitable[None]],
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self._every_s = 1 / calls_per_s
        self._ticks = ticks
        self._rest = rest
        self._crowded = crowded
        self._next_at = ticks()

    async def turn(self) -> None:
        """Wait until the next call may be made."""
        if (wait_s := self._next_at - self._ticks()) > 0:
            await self._rest(wait_s)
        looked_away_s = 0.0
        while looked_away_s < STEP_ASIDE_MAX_S and self._crowded():
            await self._rest(STEP_ASIDE_S)
            looked_away_s += STEP_ASIDE_S
        self._next_at = self._ticks() + self._every_s
