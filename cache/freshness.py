"""How long an answer is good for. Pure: ages go in, verdicts come out."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields


class Verdict(enum.Enum):
    """What may be done with an entry, best first."""

    FRESH = "FRESH"  # serve it
    STALE = "STALE"  # serve it and refresh it
    FALLBACK = "FALLBACK"  # load; serve it only if that fails, or is slow
    GONE = "GONE"  # as if it were not there


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessPolicy:
    """The numbers of one kind of answer. Raises ValueError when they make no sense.

    An entry is fresh for `fresh_s`, less up to `jitter_ratio` of it, so that what was loaded together does not expire
    together. Both stale times count from there (RFC 5861). `negative_s` is how long "not found" is believed.
    """

    fresh_s: float
    stale_while_revalidate_s: float = 0.0
    stale_if_error_s: float = 0.0
    negative_s: float = 0.0
    jitter_ratio: float = 0.1

    def __post_init__(self) -> None:
        negative = [field.name for field in fields(self) if getattr(self, field.name) < 0]
        if negative:
            raise ValueError(f"no time is negative: {', '.join(negative)}")
        if self.jitter_ratio > 1:
            raise ValueError("jitter_ratio is a share, at most 1")

    @property
    def surely_fresh_s(self) -> float:
        """What was found and is younger is fresh, whatever it drew of the jitter."""
        return self.fresh_s * self._share(1.0)

    def judge(self, age_s: float, luck: float, *, absent: bool = False) -> Verdict:
        """What may be done with an entry `age_s` after its load began. `luck` in [0, 1) is its draw of the jitter."""
        if absent:
            return Verdict.FRESH if age_s < self.negative_s * self._share(luck) else Verdict.GONE
        fresh_s = self.fresh_s * self._share(luck)
        if age_s < fresh_s:
            return Verdict.FRESH
        if age_s < fresh_s + self.stale_while_revalidate_s:
            return Verdict.STALE
        return Verdict.FALLBACK if age_s < fresh_s + self.stale_if_error_s else Verdict.GONE

    def keep_s(self, *, absent: bool = False) -> float:
        """How long an entry can be of any use."""
        if absent:
            return self.negative_s
        return self.fresh_s + max(self.stale_while_revalidate_s, self.stale_if_error_s)

    def _share(self, luck: float) -> float:
        return 1.0 - self.jitter_ratio * luck
