"""The gateway inside of the process that measures it, in front of a sandbox: its app, and the house behind that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.types import ASGIApp

from gateway.app import build_app
from gateway.bench.house import KEPT_LONG, NOT_KEPT, SHOPPERS, unbounded
from gateway.identity import current_owner, owner_of, residency, residency_of
from gateway.settings import Settings, build
from gateway.wiring import open_retail
from resolvers.context import Caller, Context, Retail

CALLERS = {
    "associate": Caller("bench", "associate"),
    "storefront": Caller(f"shopper-{SHOPPERS[0]}", "storefront", customer_id=SHOPPERS[0]),  # type: ignore[arg-type]  # a NewType over str
}


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
    given = unbounded(systems, folder) | {"cache": KEPT_LONG if kept else NOT_KEPT}
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
