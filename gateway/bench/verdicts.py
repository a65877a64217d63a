"""What the checkout bench measured per condition of the ERP, and whether that is what it claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from gateway.bench.figures import Spread, ratio, spread
from gateway.bench.load import Outcome, Sample
from gateway.bench.report import Claim

SUCCESS_MIN = 0.999
SLOWER_MAX = 1.2
"""p95 with a broken ERP, times the one with a healthy ERP."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Calls of outside systems while one condition was measured.

    `asked` and `refused` are the gateway's own counts for CHECKOUT, by system. `erp_saw` is how often the ERP says that
    it was called by anyone; None where it was not running.
    """

    asked: Mapping[str, int]
    refused: Mapping[str, int]
    erp_saw: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One condition. Everything but `counts` is per round: its operations, what an associate was told of the ERP, and
    the share of the machine that others took."""

    condition: str
    done_to_erp: str
    windows: Sequence[Sequence[Sample]]
    counts: Counts
    associate: Sequence[str]
    others: Sequence[float | None]
    in_force: bool

    @property
    def samples(self) -> list[Sample]:
        return [sample for window in self.windows for sample in window]

    @property
    def success(self) -> float:
        """Of the operations, how many were answered in full and with what was asked for."""
        return ratio(self.number(Outcome.DONE), len(self.samples))

    @property
    def answered(self) -> float:
        """Likewise, where an answer may be that the business says no: what the verdict is about."""
        return ratio(self.number(Outcome.DONE) + self.number(Outcome.REFUSED), len(self.samples))

    @property
    def erp_calls(self) -> int:
        """Whichever side counted more."""
        return max(self.counts.asked.get("ERP", 0), self.counts.erp_saw or 0)

    def _of_kind(self, kind: str) -> list[list[Sample]]:
        return [[sample for sample in window if sample.kind == kind] for window in self.windows]

    def number(self, outcome: Outcome) -> int:
        return sum(sample.outcome is outcome for sample in self.samples)

    @property
    def p95_ms_by_round(self) -> list[float]:
        return [_spread(window).p95_ms for window in self.windows]

    def slower(self, healthy: Row) -> float:
        """p95 as a multiple of the healthy one of the same round: the median over the rounds.

        Other work on the machine comes in bursts of some seconds. A burst makes one window slow, and which one is
        chance; the median does not hear it, where a p95 over all rounds would be that burst's.
        """
        pairs = zip(self.p95_ms_by_round, healthy.p95_ms_by_round, strict=True)
        return median(mine / its for mine, its in pairs)

    def as_json(self, healthy: Row) -> dict[str, Any]:
        """For machines: stable keys."""
        undone = [sample.undone for sample in self.samples if sample.undone is not None]
        details = Counter(f"{one.kind}: {one.detail}" for one in self.samples if one.detail)
        kinds = sorted({sample.kind for sample in self.samples})
        return {
            "condition": self.condition,
            "done_to_erp": self.done_to_erp,
            "operations": len(self.samples),
            "success_ratio": round(self.success, 6),
            "refused": self.number(Outcome.REFUSED),
            "failed": self.number(Outcome.FAILED),
            "why": dict(details),
            "given_back": sum(one.outcome is Outcome.DONE for one in undone),
            "not_given_back": sum(one.outcome is not Outcome.DONE for one in undone),
            **_latency(self.windows),
            "p95_ratio": round(self.slower(healthy), 3),
            "p95_ms_by_round": self.p95_ms_by_round,
            "others_cpu_share_by_round": list(self.others),
            "by_kind": {kind: _latency(self._of_kind(kind)) for kind in kinds},
            "erp_calls": self.erp_calls,
            "erp_calls_by_its_own_count": self.counts.erp_saw,
            "erp_calls_refused_at_the_wire": self.counts.refused.get("ERP", 0),
            "outside_calls": {"ERP": 0, **self.counts.asked},
            "associate_was_told": list(self.associate),
            "in_force": self.in_force,
        }


def _latency(windows: Sequence[Sequence[Sample]]) -> dict[str, float]:
    """Each quantile is the median of the rounds', for the reason that `slower` gives."""
    seen = [_spread(window) for window in windows]
    return {
        "p50_ms": round(median(one.p50_ms for one in seen), 3),
        "p95_ms": round(median(one.p95_ms for one in seen), 3),
        "p99_ms": round(median(one.p99_ms for one in seen), 3),
        "max_ms": max(one.max_ms for one in seen),
    }


def _spread(samples: Sequence[Sample]) -> Spread:
    return spread([sample.elapsed_s for sample in samples])


def claims(rows: Sequence[Row]) -> tuple[Claim, ...]:
    """The verdicts. The first row is the healthy ERP that the others are compared with."""
    healthy, broken = rows[0], rows[1:]
    calls = sum(row.erp_calls for row in rows)
    refused = sum(row.counts.refused.get("ERP", 0) for row in rows)
    operations = sum(len(row.samples) for row in rows)
    worst = min(rows, key=lambda row: row.answered)
    slowest = max(broken, key=lambda row: row.slower(healthy))
    off = [row.condition for row in rows if not row.in_force]
    return (
        Claim(
            "checkout never calls the ERP",
            f"{calls} calls by {operations:,} operations, and {refused} stopped at the Wire",
            "0 calls",
            calls == 0,
        ),
        Claim(
            "checkout is answered whatever the ERP does",
            f"{worst.answered:.2%} where it is lowest ({worst.condition})",
            f"{SUCCESS_MIN:.1%} everywhere",
            worst.answered >= SUCCESS_MIN,
        ),
        Claim(
            "checkout is no slower for it",
            f"p95 x {slowest.slower(healthy):.2f} of the healthy one where it is highest ({slowest.condition})",
            f"x {SLOWER_MAX}",
            slowest.slower(healthy) <= SLOWER_MAX,
        ),
        Claim(
            "the ERP was as bad as it says here",
            f"an associate could not tell: {', '.join(off)}" if off else "an associate could tell, in every round",
            "in every round",
            not off,
        ),
    )
