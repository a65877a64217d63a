"""Buckets in Redis or Valkey, so that a caller has the same ones in every process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.limits.bucket import Draw
from gateway.limits.counting import Counting

_log = logging.getLogger(__name__)

TIMEOUT_S: Final = 0.1
"""A call takes well under a millisecond. Nobody is kept waiting to be counted."""
PAUSE_S: Final = 1.0
"""After a failure each process counts for itself for so long; then one call finds out whether it must go on."""
CALLS_MAX: Final = 512
"""Calls under way or waiting for a connection; more are counted here."""

# One script, so that two processes cannot both spend the last of a bucket. The store's own clock: theirs differ.
# Written down is when a level was true, with microseconds; Lua would print a large number with 14 digits only.
_DRAW = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local settles = ARGV[1] == '1'
local waits, levels, may, life = {}, {}, true, 1
for i = 2, #ARGV, 4 do
  local size, refill, amount = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local kept = redis.call('HMGET', KEYS[1], ARGV[i], ARGV[i] .. ':at')
  local left = size
  if kept[1] then left = math.min(size, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * refill) end
  local wait = 0
  if not settles and amount - left > 1e-9 then
    may = false
    if refill <= 0 or amount > size then wait = math.huge else wait = (amount - left) / refill end
  end
  waits[#waits + 1] = string.format('%.6f', wait)
  levels[#levels + 1] = ARGV[i]
  levels[#levels + 1] = string.format('%.6f', math.max(-size, math.min(size, left - amount)))
  levels[#levels + 1] = ARGV[i] .. ':at'
  levels[#levels + 1] = string.format('%.6f', now)
  if refill > 0 then life = math.max(life, 2 * size / refill) else life = math.max(life, 120) end
end
if may then
  redis.call('HSET', KEYS[1], unpack(levels))
  redis.call('PEXPIRE', KEYS[1], math.ceil(life * 1000) + 1000)
end
return waits
"""


class SharedCounting:
    """The shared buckets, and those of this process while the store is away: counting never fails a request.

    `clock` is in seconds and does not go back.
    """

    def __init__(
        self, store: Redis, alone: Counting, clock: Callable[[], float], *, prefix: str = "retailgraph:1:limits"
    ) -> None:
        self._draw = store.register_script(_DRAW)
        self._alone = alone
        self._clock = clock
        self._prefix = prefix
        self._calls = 0
        self._away_until = float("-inf")
        self._settling: set[asyncio.Task[None]] = set()

    async def draw(self, caller: str, draws: tuple[Draw, ...]) -> tuple[float, ...]:
        waits = await self._asked(caller, draws, settles=False)
        return await self._alone.draw(caller, draws) if waits is None else waits

    def draw_at_once(self, caller: str, draw: Draw) -> None:
        """Never: the store is asked first."""

    def draw_all_at_once(self, caller: str, draws: tuple[Draw, ...]) -> None:
        """Likewise."""

    def settle(self, caller: str, draws: tuple[Draw, ...]) -> None:
        if len(self._settling) >= CALLS_MAX or self._is_away:
            self._alone.settle(caller, draws)
            return
        task = asyncio.get_running_loop().create_task(self._settle(caller, draws), name="settle")
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def aclose(self) -> None:
        """Wait for what is being settled, each call of which has its limit."""
        if self._settling:
            await asyncio.wait(tuple(self._settling), timeout=2 * TIMEOUT_S)

    @property
    def _is_away(self) -> bool:
        return self._clock() < self._away_until

    async def _settle(self, caller: str, draws: tuple[Draw, ...]) -> None:
        if await self._asked(caller, draws, settles=True) is None:
            self._alone.settle(caller, draws)

    async def _asked(self, caller: str, draws: tuple[Draw, ...], *, settles: bool) -> tuple[float, ...] | None:
        """The waits; None while the store is away."""
        if self._calls >= CALLS_MAX or self._is_away:
            return None
        arguments: list[Any] = ["1" if settles else "0"]
        for draw in draws:
            arguments += [draw.name, draw.size, draw.refill_per_s, draw.amount]
        self._calls += 1
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._draw([f"{self._prefix}:{caller}"], arguments)
        except (RedisError, OSError) as fault:  # a TimeoutError is an OSError
            if not self._is_away:
                _log.warning("callers are counted by each process alone for %.1f s: %r", PAUSE_S, fault)
            self._away_until = self._clock() + PAUSE_S
            return None
        finally:
            self._calls -= 1
        return tuple(float(wait) for wait in answer)
