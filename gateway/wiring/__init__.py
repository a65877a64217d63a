"""Settings become a house: which vendor answers for which role, which read goes to whom, and what is kept.

The sole importer of connectors and cache; knows no GraphQL and no HTTP."""

from gateway.wiring.house import (
    Office,
    open_office,
    open_retail,
    open_worker,
    promises_of,
    refresh_projection,
    try_out,
)
from gateway.wiring.sharing import Sharing, shared
from gateway.wiring.shelved import shelved

__all__ = [
    "Office",
    "Sharing",
    "open_office",
    "open_retail",
    "open_worker",
    "promises_of",
    "refresh_projection",
    "shared",
    "shelved",
    "try_out",
]
