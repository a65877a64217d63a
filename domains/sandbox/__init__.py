"""Four real HTTP services (ERP, OMS, loyalty, CRM) that speak the open role contracts over one seeded world.

Knows nothing of the gateway, its slices or its connectors, so that each side can prove the other wrong."""

from domains.sandbox.chassis.processes import ROLES, Sandbox, SandboxFailed

__all__ = ["ROLES", "Sandbox", "SandboxFailed"]
