"""The CRM of the sandbox: customer profiles, and the ids behind email addresses and other systems' keys.

Knows nothing of accounts (the ERP's) and nothing of points (the loyalty engine's)."""

from domains.sandbox.crm.profiles import routes

__all__ = ["routes"]
