"""The numbers of the journal, each with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from domains.vocabulary import SystemRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many steps a system takes at once and per second, over all workers."""

    at_once: int
    per_s: float

    def __post_init__(self) -> None:
        if self.at_once < 0 or not 0 <= self.per_s < math.inf:
            raise ValueError("at_once and per_s are numbers from 0, which lets nothing begin")


QUOTAS: Mapping[SystemRole, Quota] = {
    # It posts documents under locks of its own, and people work in it: a tenth of what it grants is left to us.
    SystemRole.ERP: Quota(at_once=4, per_s=10.0),
    # It is asked live by every shopper; what waits here must not slow what they see.
    SystemRole.OMS: Quota(at_once=8, per_s=20.0),
    SystemRole.LOYALTY: Quota(at_once=8, per_s=20.0),
    # Notes and history: nobody waits for them.
    SystemRole.CRM: Quota(at_once=4, per_s=10.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPolicy:
    """How the journal treats writes, flows and steps. Times are seconds."""

    # An ERP that is down for a night of 300 orders an hour leaves a third of this; beyond it we would promise what
    # takes a day to keep.
    flows_max: int = 10_000
    # At ten steps a second this is room for a hundred more.
    full_retry_after_s: float = 10.0
    # Who carries a write out has 5 s for its request: whoever is silent for six times that is gone.
    write_lease_s: float = 30.0
    # Shops repeat a write within minutes, queues of tills within a day.
    ledger_keep_s: float = 48 * 3600.0
    # Twice the longest step, so that a holder that is slow to renew is not taken for dead; and how long the flow of
    # one that is dead waits.
    lease_s: float = 30.0
    # An ERP that posts a document under load takes seconds; one that takes longer is asked later what became of it.
    step_timeout_s: float = 15.0
    # Doubled from try to try: a restart is over by the fourth, and a night costs 12 tries an hour.
    pause_first_s: float = 1.0
    pause_max_s: float = 300.0
    # What a system may ask us to wait; more is a mistake of units.
    pause_asked_max_s: float = 3600.0
    # When people begin to ask where their order is.
    alarm_after_s: float = 900.0
    # Long enough to answer a question about last month's orders.
    keep_s: float = 30 * 86_400.0
    # What follows the news is minutes behind; replays reach back a week.
    news_keep_s: float = 7 * 86_400.0
    # Steps of this process at once: they wait for systems and cost no processor.
    steps_at_once: int = 32
    # What a step that runs is given to end when its worker stops; then the system is asked later what became of it.
    # Of the 30 s that Kubernetes grants a process, requests have taken 25.
    stop_within_s: float = 4.0
    # How late a worker notices what another process accepted.
    poll_s: float = 0.25
    # How often somebody looks for alarms and for what may be forgotten.
    chores_every_s: float = 5.0
    quotas: Mapping[SystemRole, Quota] = field(default_factory=lambda: QUOTAS)

    def pause_s(self, tries: int, asked_s: float | None, chance: float) -> float:
        """Seconds to the next try after so many; `chance` in [0, 1) spreads what failed together."""
        if asked_s is not None:
            return min(max(asked_s, 0.0), self.pause_asked_max_s)
        # The exponent is bounded, because 2.0 ** 1100 is an OverflowError and tries are not.
        doubled = self.pause_first_s * 2.0 ** min(tries - 1, 32)
        return min(doubled, self.pause_max_s) * (0.5 + 0.5 * chance)
