"""The gateway inside of the process that measures it, in front of a sandbox: its app, and the house behind that."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from gateway.app import build_app
from gateway.bench.house import SHOPPERS, settings_for, token_of
from gateway.identity import current_owner, owner_of, residency, residency_of
from gateway.policies import KEPT
from gateway.settings import Settings, build
from gateway.wiring import open_retail
from resolvers.context import Caller, Context, Retail

ASSOCIATE = "bench-associate"
KEPT_S = 86_400.0
_MUCH = 1_000_000
_UNBOUNDED = {
    "requests_per_s": _MUCH,
    "burst": _MUCH,
    "concurrent_max": _MUCH,
    "items_max": _MUCH,
    "cost_max": dict.fromkeys(("erp", "oms", "loyalty", "crm"), _MUCH),
    "budget_per_min": dict.fromkeys(("erp", "oms", "loyalty", "crm"), _MUCH),
}

CALLERS = {
    "associate": Caller("bench", "associate"),
    "storefront": Caller(f"shopper-{SHOPPERS[0]}", "storefront", customer_id=SHOPPERS[0]),  # type: ignore[arg-type]  # a NewType over str
}
TOKENS = {"associate": ASSOCIATE, "storefront": token_of(SHOPPERS[0])}


@dataclass(frozen=True, slots=True)
class Inside:
    """A gateway that serves this process alone."""

    app: ASGIApp
    retail: Retail

    def context(self, audience: str) -> Context:
        """A request of a caller of that audience. Whoever opens it closes its loaders."""
        return Context.open(CALLERS[audience], self.retail, datetime.now(UTC))


def settings_inside(systems: Mapping[str, str], folder: Path, *, kept: bool) -> Settings:
    """Settings under which nothing runs but what is asked. What is `kept` stays for longer than any bench."""
    given: dict[str, Any] = settings_for(systems, folder)
    given["identity"]["tokens"].append(
        {"sha256": hashlib.sha256(ASSOCIATE.encode()).hexdigest(), "subject": "bench", "audience": "associate"}
    )
    given["audiences"] = {"limits": dict.fromkeys(CALLERS, _UNBOUNDED)}
    given["durable"] = {"workers_in_serve": False}
    long = {"fresh_s": KEPT_S, "negative_s": KEPT_S}
    given["cache"] = {"enabled": kept, "freshness": dict.fromkeys(KEPT, long)}
    given["logs"] = {"level": "error"}
    return build(given)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Inside]:
    """The gateway, open until the context ends. Raises CannotStart."""
    house: list[Retail] = []

    @asynccontextmanager
    async def watched(settings: Settings) -> AsyncIterator[Retail]:
        async with open_retail(settings) as retail:
            house.append(retail)
            yield retail

    app = build_app(settings, open_retail=watched)
    async with app.router.lifespan_context(app):
        yield Inside(app, house[0])


def become(audience: str) -> None:
    """Be a caller of that audience from here on, as far as what is private is concerned."""
    current_owner.set(owner_of(CALLERS[audience]))
    residency.set(residency_of(CALLERS[audience]))
