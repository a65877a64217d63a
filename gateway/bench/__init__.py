"""Measures the product from outside, as a shop would use it: load, figures, a report and a picture of them.

Knows nothing of how answers are made; only `counted.py` and `inside.py`, the gateways that are measured, open the
house, and `stages.py` and `leaves.py` take one apart."""

from gateway.bench.figures import Machine, Spread, machine, quantile, ratio, spread
from gateway.bench.load import Ended, Outcome, Run, Sample, Task, closed, paced
from gateway.bench.picture import Bar, Length, bars, lengths
from gateway.bench.report import Claim, Report

__all__ = [
    "Bar",
    "Claim",
    "Ended",
    "Length",
    "Machine",
    "Outcome",
    "Report",
    "Run",
    "Sample",
    "Spread",
    "Task",
    "bars",
    "closed",
    "lengths",
    "machine",
    "paced",
    "quantile",
    "ratio",
    "spread",
]
