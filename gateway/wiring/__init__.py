"""Settings become a house: which vendor answers for which role, which read goes to whom, and what is kept.

The sole importer of connectors and cache; knows no GraphQL and no HTTP."""

from gateway.wiring.house import open_retail, refresh_projection, try_out

__all__ = ["open_retail", "refresh_projection", "try_out"]
