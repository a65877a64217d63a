"""The loyalty engine of the sandbox: members, points and their ledger, redemptions, promotions, earnings.

Knows orders only by the points they moved, and takes a basket's prices as they are given."""

from domains.sandbox.loyalty.engine import routes

__all__ = ["routes"]
