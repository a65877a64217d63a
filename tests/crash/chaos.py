"""What goes wrong in a run: processes are killed and frozen at random, and systems fail in turn."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.crash.processes import LEASE_S, House, Program

OUTAGE_S, WELL_S = 5.0, 1.5
BETWEEN_S, BETWEEN_MAX_S = 0.5, 2.0
DEAD_MAX_S = 1.5
IN_TURN = ("ERP", "LOYALTY", "OMS")
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("refuses", {"reset": 1}),
    ("loses answers", {"lost_reply": 1}),
    ("hangs", {"stall_s": 600}),
    ("fails", {"error_ratio": 1, "error_status": 503}),
    ("cuts answers off", {"truncated": 0.5, "garbled": 0.5}),
    ("is half there", {"lost_reply": 0.3, "error_ratio": 0.3, "reset": 0.2}),
)
MILD: dict[str, Any] = {"lost_reply": 0.03, "reset": 0.01}
"""On a good day, too, an answer is lost now and then."""


class Chaos:
    """Counts what it did, by name. Everything it does is drawn from `seed`; when it happens is not."""

    def __init__(self, house: House, systems: Mapping[str, str], seed: int) -> None:
        self._house = house
        self._systems = systems
        self._dice = random.Random(seed)
        self.done: Counter[str] = Counter()
        self._each_failed = asyncio.Event()

    async def set(self, system: str, faults: Mapping[str, Any]) -> None:
        """These faults and no others."""
        url, session = f"{self._systems[system]}/_sandbox/faults", aiohttp.ClientSession(trust_env=False)
        async with session as http, http.post(url, json=dict(faults)) as answer:
            assert answer.status == 200, await answer.text()

    async def heal(self) -> None:
        """Every system is well, every process runs."""
        for system in self._systems:
            await self.set(system, {})
        await asyncio.to_thread(self._house.start)

    @asynccontextmanager
    async def raging(self) -> AsyncIterator[None]:
        """As long as the context is open; then all is healed."""
        tasks = [asyncio.create_task(does()) for does in (self._outages, self._kills, self._freezes)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await self.heal()
        for how in ended:
            if isinstance(how, Exception):
                raise how

    async def once_round(self) -> None:
        """Wait until every system has failed in one way at least."""
        await self._each_failed.wait()

    async def _outages(self) -> None:
        faults = list(FAULTS)
        self._dice.shuffle(faults)
        for system in self._systems:
            await self.set(system, MILD)
        for number in itertools.count():
            system = IN_TURN[number % len(IN_TURN)]
            # One further each time the systems come round, so that each fails in every way before one comes again.
            name, fault = faults[(number + number // len(IN_TURN)) % len(faults)]
            await self.set(system, fault)
            self.done[f"{system} {name}"] += 1
            await asyncio.sleep(OUTAGE_S)
            await self.set(system, MILD)
            if system == IN_TURN[-1]:
                self._each_failed.set()
            await asyncio.sleep(WELL_S)

    async def _kills(self) -> None:
        while True:
            await asyncio.sleep(self._dice.uniform(BETWEEN_S, BETWEEN_MAX_S))
            draw = self._dice.random()
            if draw < 0.4:
                await self._kill(self._dice.choice(self._house.gateways))
            elif draw < 0.9:
                await self._kill(self._dice.choice(self._house.workers))
            else:
                await self._kill(*self._house.programs)

    async def _freezes(self) -> None:
        while True:
            await asyncio.sleep(self._dice.uniform(BETWEEN_S, BETWEEN_MAX_S))
            await self._freeze(self._dice.choice(self._house.programs))

    async def _kill(self, *programs: Program) -> None:
        for program in programs:
            if program.is_running:
                await asyncio.to_thread(program.kill)
                self.done[f"killed a {program.name.split()[0]}"] += 1
        await asyncio.sleep(self._dice.uniform(0, DEAD_MAX_S))
        for program in programs:
            program.start()

    async def _freeze(self, program: Program) -> None:
        """Past its lease, so that others have its flows when it wakes."""
        if not program.is_running:
            return
        program.freeze()
        self.done[f"froze a {program.name.split()[0]}"] += 1
        try:
            await asyncio.sleep(LEASE_S * self._dice.uniform(1.2, 1.8))
        finally:
            program.wake()  # unless it was killed meanwhile


async def at_rate(per_s: float, count: int) -> AsyncIterator[int]:
    """Numbers from 0, so many a second."""
    began = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
        yield number
