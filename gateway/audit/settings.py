"""The `[audit]` section: whether changes are recorded, and for how long."""

from __future__ import annotations

from pydantic import Field

from gateway.audit.tables import KEEP_DAYS_LEAST
from gateway.sections import Section


class AuditSettings(Section):
    # Off, nobody can say later who changed what.
    enabled: bool = True
    # A year, as PCI DSS 4.0 (10.5.1) asks of audit logs. The database itself keeps its least share of it.
    keep_days: float = Field(default=365.0, ge=KEEP_DAYS_LEAST)
    # How long an answer waits for its record. A database that takes longer has the record in the log instead.
    write_timeout_s: float = Field(default=1.0, gt=0, le=10)
    # Records that wait for the database: some 10 MiB, and more than a minute of any traffic this is made for.
    waiting_max: int = Field(default=10_000, ge=100)
