"""What a bench runs against: the settings of the gateway that is measured, and who asks it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.policies import KEPT

HOST = "127.0.0.1"
NEVER_S = 86_400.0  # longer than any bench: what the ERP counts is then of the bench alone

SHOPPERS = tuple(f"cust-{number:05}" for number in range(1, 41))

ASSOCIATE = "bench-associate"
"""The token of an associate of the bench."""


def token_of(customer: str) -> str:
    """The bearer token of a customer of the sandbox, good for nothing but a bench."""
    return f"bench-{customer}"


# Each shopper of the bench stands for a hundred.
_SHOPPERS_LIMITS = {
    "requests_per_s": 2000,
    "burst": 6000,
    "concurrent_max": 1600,
    "budget_per_min": {"oms": 60_000, "loyalty": 30_000, "crm": 30_000},
}
_LONG = {"fresh_s": NEVER_S, "negative_s": NEVER_S}
KEPT_LONG = {"enabled": True, "freshness": dict.fromkeys(KEPT, _LONG)}
"""`[cache]` where all that can be kept stays for longer than any bench."""

NOT_KEPT = {"enabled": False}
"""`[cache]` where nothing is kept."""

TOKENS = {"associate": ASSOCIATE, "storefront": token_of(SHOPPERS[0])}
"""By audience, the token of who may ask as much as they like."""

_MUCH = 1_000_000
_UNBOUNDED = {
    "requests_per_s": _MUCH,
    "burst": _MUCH,
    "concurrent_max": _MUCH,
    "items_max": _MUCH,
    "cost_max": dict.fromkeys(("erp", "oms", "loyalty", "crm"), _MUCH),
    "budget_per_min": dict.fromkeys(("erp", "oms", "loyalty", "crm"), _MUCH),
}


def settings_for(systems: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """The settings of the gateway: as they come, but for the shoppers' tokens, and an ERP that is read once, before.

    Whoever sends no token is an associate, who may wait for the ERP.
    """
    return {
        "server": {"host": HOST, "port": 0, "drain_linger_s": 0},
        "database": {"url": f"sqlite:///{folder / 'retailgraph.db'}"},
        # 30 is what the sandbox's ERP grants with something to spare.
        "projection": {"calls_per_s": 30, "delta_every_s": NEVER_S, "full_every_s": NEVER_S},
        "systems": {role.lower(): {"url": url} for role, url in systems.items()},
        "identity": {
            "anonymous": {"audience": "associate"},
            "tokens": [
                {
                    "sha256": hashlib.sha256(token_of(customer).encode()).hexdigest(),
                    "subject": f"shopper-{customer}",
                    "audience": "storefront",
                    "customer": customer,
                }
                for customer in SHOPPERS
            ],
        },
        "audiences": {"limits": {"storefront": _SHOPPERS_LIMITS}},
        "logs": {"level": "warning"},
    }


def unbounded(systems: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """The settings of a gateway where two callers may ask as much as they like, and nothing runs but what they ask.

    All of that does run: no answer is kept as a whole.
    """
    given = settings_for(systems, folder)
    given["identity"]["tokens"].append(
        {"sha256": hashlib.sha256(ASSOCIATE.encode()).hexdigest(), "subject": "bench", "audience": "associate"}
    )
    given["audiences"] = {"limits": dict.fromkeys(("associate", "storefront"), _UNBOUNDED)}
    given["durable"] = {"workers_in_serve": False}
    given["answers"] = {"enabled": False}
    return given
