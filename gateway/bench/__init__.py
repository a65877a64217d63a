"""Measures the product from outside, as a shop would use it: load, figures, a report and a picture of them.

Knows nothing of how answers are made; only `counted.py`, the gateway that is measured, opens the house."""

from gateway.bench.figures import Machine, Spread, machine, quantile, ratio, spread
from gateway.bench.load import Ended, Outcome, Run, Sample, Task, closed, paced
from gateway.bench.picture import Bar, bars
from gateway.bench.report import Claim, Report

__all__ = [
    "Bar",
    "Claim",
    "Ended",
    "Machine",
    "Outcome",
    "Report",
    "Run",
    "Sample",
    "Spread",
    "Task",
    "bars",
    "closed",
    "machine",
    "paced",
    "quantile",
    "ratio",
    "spread",
]
