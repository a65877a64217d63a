"""Orders of a run that are delivered while it lasts, and brought back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import aiohttp

from tests.crash.client import PATIENCE_S
from tests.crash.shopping import Ordered, Returned, Shopping

LOOK_EVERY_S = 0.3


async def bring_back_own(done: Shopping, number: int, oms: str) -> Returned | None:
    """Wait for an order that nobody else brings back, have it delivered, and bring a piece of it back."""
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession(trust_env=False) as http:
        ordered = await _delivered(done, http, oms)
    return await done.bring_back(number, ordered)


async def _delivered(done: Shopping, http: aiohttp.ClientSession, oms: str) -> Ordered:
    while True:
        for ordered in _untaken(done):
            # Taken before it is asked for: whoever else looks meanwhile goes on to the next.
            done.delivered.add(ordered.order_id)
            url = f"{oms}/_sandbox/orders/{ordered.order_id}/ship"
            async with http.post(url, json={"to": "DELIVERED"}) as answer:
                if answer.status == 200:
                    return ordered
            done.delivered.discard(ordered.order_id)  # the OMS does not have it yet
        await asyncio.sleep(LOOK_EVERY_S)


def _untaken(done: Shopping) -> Iterator[Ordered]:
    return (ordered for ordered in list(done.ordered) if ordered.order_id not in done.delivered)
