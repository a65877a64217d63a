"""The sandbox's ERP: master data, account status, and the books that callers post to.

Does not know points or what stock is promised, and is slow and counts calls where its chassis says so."""

from domains.sandbox.erp.endpoints import routes

__all__ = ["routes"]
