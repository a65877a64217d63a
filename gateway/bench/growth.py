"""`retailgraph bench growth`: what longer lists, larger answers, more callers at once and a fuller cache cost."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from domains.inventory import AvailabilitySemantics, StockKey, StockPosition
from domains.vocabulary import FreshnessTier, LocationId, Reading, Sku
from gateway.bench.bare import Bare, request_of
from gateway.bench.baseline import COMMITTED_GROWTH
from gateway.bench.house import TOKENS
from gateway.bench.inside import Inside, become, opened, settings_inside
from gateway.bench.leaves import PER_LEAVES, leaf_claims, leaf_pieces
from gateway.bench.micro import Bench, Piece, Place
from gateway.bench.pages import LISTED, list_of
from gateway.bench.sheet import Files, Sheet
from gateway.bench.stages import answered
from gateway.sections import Cache
from gateway.telemetry import resident_bytes
from gateway.wiring import shelved
from resolvers.context import Retail

LISTS = (1, 2, 5, 10, 24, 50, 100, 250)
CALLERS = (1, 4, 16, 64, 256)
KEYS = (1_000, 10_000, 100_000)
MILLION = 1_000_000
PAGES = 2_000  # each of them asks other keys, and they come round again when no processor remembers them
KEYS_AT_ONCE, BYTES_PER_KEY_MAX = 500, 8192
REQUEST, PER_CALLER, HIT = "request", "list of 24, for each caller", "24 hits"


@dataclass(frozen=True, slots=True)
class Filled:
    """What it took to put one key after the other into an empty cache: CPU and memory for each."""

    keys: int
    fill_us: float
    bytes_per_key: int


async def _prepare(million: bool, place: Place) -> tuple[list[Piece], dict[str, Any]]:
    inside = await place.stack.enter_async_context(opened(settings_inside(place.systems, place.folder, kept=True)))
    found = [await _list(inside, place.stack, number) for number in LISTS]
    found += await leaf_pieces(inside)
    found += [await _callers(inside, place.stack, number) for number in CALLERS]
    filled = []
    for keys in (*KEYS, *([MILLION] if million else [])):
        piece, fill = await _cache(inside.retail, place.stack, keys)
        found.append(piece)
        filled.append(asdict(fill))
    return found, {"filled": filled}


def bench(*, million: bool) -> Bench:
    """The bench, with a cache of a million keys or without: that takes some gigabytes and a minute."""
    told = "CPU as a multiple of a constant answer of uvicorn, for longer lists, larger answers, more callers."
    sheet = Sheet("What size costs", told, (REQUEST, PER_LEAVES, PER_CALLER, HIT))
    return Bench("growth", sheet, partial(_prepare, million), leaf_claims)


async def _list(inside: Inside, stack: AsyncExitStack, number: int) -> Piece:
    page, bare = list_of(number), Bare(inside.app)
    stack.callback(bare.close)
    request = request_of(page.query, page.variables, TOKENS[page.audience])
    answered(page, await bare.ask(request))
    return Piece(page.name, REQUEST, partial(bare.ask, request))


async def _callers(inside: Inside, stack: AsyncExitStack, number: int) -> Piece:
    page, bares = list_of(LISTED), [Bare(inside.app) for _ in range(number)]
    for bare in bares:
        stack.callback(bare.close)
    request = request_of(page.query, page.variables, TOKENS[page.audience])

    async def together() -> None:
        await asyncio.gather(*(bare.ask(request) for bare in bares))

    answered(page, await bares[0].ask(request))
    return Piece(f"{number} callers", PER_CALLER, together, share=number)


async def _cache(retail: Retail, stack: AsyncExitStack, number: int) -> tuple[Piece, Filled]:
    """A cache with so many positions of stock, of which a page asks some."""
    become("associate")
    kept_for = {"inventory.stock": {"fresh_s": 86_400}}
    settings = Cache.model_validate({"memory_max_bytes": max(2**20, number * BYTES_PER_KEY_MAX), "freshness": kept_for})
    bare = replace(retail, inventory=replace(retail.inventory, stock=_at_once))
    kept = await stack.enter_async_context(shelved(bare, settings))
    keys = [StockKey(Sku(f"SKU-{place:07}"), LocationId("store-001")) for place in range(number)]
    before, began = resident_bytes(), time.process_time()
    for first in range(0, number, KEYS_AT_ONCE):
        await kept.inventory.stock(frozenset(keys[first : first + KEYS_AT_ONCE]))
    took, grew = time.process_time() - began, resident_bytes() - before
    dice = random.Random(number)  # noqa: S311 - which keys, not a secret
    pages = itertools.cycle([frozenset(dice.sample(keys, LISTED)) for _ in range(PAGES)])

    async def hit() -> None:
        await kept.inventory.stock(next(pages))

    filled = Filled(number, round(took / number * 1e6, 2), max(0, grew // number))
    return Piece(f"{number:,} keys", HIT, hit), filled


async def _at_once(keys: frozenset[StockKey]) -> dict[StockKey, Reading[StockPosition]]:
    """A system that knows everything and takes no time."""
    now = time.time()
    return {key: Reading(_position(key), "oms:bench", FreshnessTier.LIVE, now, 86_400.0) for key in keys}


def _position(key: StockKey) -> StockPosition:
    return StockPosition(
        sku=key.sku,
        location_id=key.location_id,
        semantics=AvailabilitySemantics.AVAILABLE_TO_PROMISE,
        available_to_promise=Decimal(7),
    )


__all__ = ["COMMITTED_GROWTH", "Files", "bench"]
