"""The retailer behind a real pantry, at a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

from cache import FreshnessPolicy, Pantry, open_pantry
from domains.vocabulary import Fetch, FreshnessTier, Reading
from gateway.engine import Answer
from gateway.policies import KEPT
from resolvers.context import Caller, Context, Retail
from resolvers.subscribing import Occasion
from tests.resolvers.goods import NOW
from tests.resolvers.world import ASSOCIATE, ENGINE, EVERYTHING, World

Freshness = Mapping[str, Any]


class Larder:
    """The world, kept as the product keeps it. Every read is observed `lag_s` before it is made."""

    def __init__(self, world: World, pantry: Pantry) -> None:
        self.world = world
        self.now = NOW.timestamp()
        self.lag_s = 0.0
        self.retail = self._kept(world.retail(), pantry)

    def context(self, caller: Caller = ASSOCIATE) -> Context:
        return Context.open(caller, self.retail, datetime.fromtimestamp(self.now, UTC))

    async def ask(self, document: str, caller: Caller = ASSOCIATE, **variables: Any) -> tuple[Answer, Freshness]:
        """The answer, and what `extensions.freshness` says of it."""
        context = self.context(caller)
        try:
            occasion = Occasion() if document.startswith("subscription") else None
            answer = await ENGINE.run(document, variables, None, context, occasion=occasion, held=EVERYTHING)
        finally:
            context.loaders.close()
        freshness: Any = context.loaders.provenance.extensions().get("freshness", {})
        return answer, freshness

    def _kept(self, retail: Retail, pantry: Pantry) -> Retail:
        for name, row in KEPT.items():
            slice_, read = name.split(".")
            if slice_ == "projection":  # this world has none
                continue
            port = getattr(retail, slice_)
            _, kind = get_args(get_type_hints(type(port))[read])
            kept = pantry.cached(
                self._dated(getattr(port, read)),
                FreshnessPolicy(**asdict(row.freshness)),
                name=name,
                kind=kind,
                system=row.system,
                owner=(lambda: "somebody") if row.private else None,
            )
            retail = replace(retail, **{slice_: replace(port, **{read: kept})})
        return retail

    def _dated(self, fetch: Fetch[Any, Any]) -> Fetch[Any, Any]:
        async def dated(keys: frozenset[Any], /) -> Mapping[Any, Reading[Any]]:
            found = await fetch(keys)
            at = self.now - self.lag_s
            return {key: Reading(one.value, "oms:test", FreshnessTier.LIVE, at, 0.0) for key, one in found.items()}

        return dated


@asynccontextmanager
async def open_larder(world: World) -> AsyncIterator[Larder]:
    """A larder in memory alone, without jitter."""
    larders: list[Larder] = []
    clock = lambda: larders[0].now  # noqa: E731 - the pantry needs a clock before there is anything to keep
    async with open_pantry(memory_max_bytes=10_000_000, clock=clock, luck=lambda: 0.0) as pantry:
        larders.append(Larder(world, pantry))
        yield larders[0]
