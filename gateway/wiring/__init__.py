"""Settings become a house: which vendor answers for which role, which read goes to whom, and what is kept.

The sole importer of connectors and cache; knows no GraphQL and no HTTP."""

from gateway.wiring.house import Office, open_office, open_retail, open_worker, refresh_projection, try_out
from gateway.wiring.sharing import Sharing, shared

__all__ = ["Office", "Sharing", "open_office", "open_retail", "open_worker", "refresh_projection", "shared", "try_out"]
