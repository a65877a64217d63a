"""A house behind shelves of its own, in memory alone: for whoever measures what shelves cost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cache import open_pantry
from gateway.sections import Cache
from gateway.wiring.keeping import keep
from resolvers.context import Retail


@asynccontextmanager
async def shelved(retail: Retail, settings: Cache) -> AsyncIterator[Retail]:
    """The same house with an empty cache of these settings before it, until the context ends."""
    async with open_pantry(memory_max_bytes=settings.memory_max_bytes, url=None, remaining_s=lambda: None) as pantry:
        yield keep(retail, pantry, settings)
