"""The sandbox's ERP: master data, account status, and the books, to be read only.

Does not know stock or points, and is slow and counts calls where its chassis says so."""

from domains.sandbox.erp.endpoints import routes

__all__ = ["routes"]
