"""The audit log: who changed what, when, from where, and what came of it; only ever added to.

Knows operations and callers; not the variables they came with, nor what a mutation means."""

from gateway.audit.audit import Audit, CallersAuditor
from gateway.audit.record import AuditRecord, Outcome
from gateway.audit.settings import AuditSettings

__all__ = ["Audit", "AuditRecord", "AuditSettings", "CallersAuditor", "Outcome"]
