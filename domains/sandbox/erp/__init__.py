"""The sandbox's ERP: master data, account status, and the books; callers read them, only its knobs change them.

Does not know points or what stock is promised, and is slow and counts calls where its chassis says so."""

from domains.sandbox.erp.endpoints import routes

__all__ = ["routes"]
