"""The CRM of the sandbox: customer profiles and histories, and the ids behind other keys.

Knows nothing of accounts (the ERP's) and nothing of points (the loyalty engine's)."""

from domains.sandbox.crm.profiles import routes

__all__ = ["routes"]
