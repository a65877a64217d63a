"""How often the books are compared, and how gently."""

from __future__ import annotations

from pydantic import Field

from gateway.sections import Section


class Reconciliation(Section):
    """Comparing what was done with what the systems have: by whoever does steps, one process at a time."""

    # Off, only `retailgraph reconcile` compares.
    enabled: bool = True
    # A mismatch is found within the hour in which somebody can still do something about it.
    every_s: float = Field(default=3600.0, gt=0)
    # Two days: what was put wrong over a weekend night is seen, and a run of a busy shop stays a few minutes.
    window_h: float = Field(default=48.0, gt=0)
    # Of each kind of answer that a cache remembers: enough to see one wrong in fifty, and one question to its system.
    sample: int = Field(default=50, ge=1, le=200)
    # Of each system, out of its quota: a hundred orders cost the ERP two questions.
    calls_per_s: float = Field(default=2.0, gt=0)
