"""Whatever comes in whatever order: what is handed out is never older than what has been forgotten by then."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from cache import Cached, FreshnessPolicy, open_pantry
from cache.bus import Invalidation
from domains.vocabulary import FreshnessTier, Reading, SystemRole
from gateway.answers import AnswerSettings, Made, Question, Whole
from tests.gateway.answers.kitchen import Clock, Life, answers, question, turns

KEYS = ("a", "b", "c")
PAGES = (("a",), ("a", "b"), ("b", "c"))
FRESH_S = 10.0


class Shop:
    """Stock that changes, a cache that is told so sooner or later, and pages of it that are asked for at any time.

    `true` counts the changes of each key, and `told` is how many of them the cache has heard of: whoever is given a
    page of others' from then on sees no fewer.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.kept = answers(self.clock, AnswerSettings(bytes_max=20_000, answer_bytes_max=10_000))
        self.true: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.gates: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.stack = AsyncExitStack()
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        self.pantry = await self.stack.enter_async_context(
            open_pantry(memory_max_bytes=1_000_000, witness=self.kept, clock=self.clock, luck=lambda: 0.0)
        )
        policy = FreshnessPolicy(fresh_s=FRESH_S, jitter_ratio=0.0)
        self.stock: Cached[str, int] = self.pantry.cached(
            self._source, policy, name="stock", kind=int, system=SystemRole.OMS
        )

    async def _source(self, keys: frozenset[str], /) -> dict[str, Reading[int]]:
        """Answers what was true when it was asked, some time later."""
        seen = {key: Reading(self.true[key], "oms:test", FreshnessTier.LIVE, self.clock(), 0.0) for key in keys}
        gate = asyncio.Event()
        self.gates.append(gate)
        await gate.wait()
        return seen

    async def _page(self, page: int) -> None:
        async def make() -> Made[None]:
            readings: dict[str, Reading[int]] = {}
            for key in PAGES[page]:  # one after the other, so that news can come in between
                readings |= await self.stock(frozenset({key}))
            body = orjson.dumps({key: reading.value for key, reading in readings.items()})
            until = min(reading.observed_at for reading in readings.values()) + FRESH_S
            return Made(None, Whole(body, Life(good_until=until)), {"stock"})

        given = await self.kept.ask(self._question(page), make, lambda: 5.0)
        if isinstance(given, Whole):
            for key, count in orjson.loads(given.core).items():
                assert count >= self.told[key], f"{key} was handed out as of {count}, and {self.told[key]} was told"

    def _question(self, page: int) -> Question:
        return question(self.kept, {"page": page})

    def _go(self, work: Any = None) -> None:
        async def some() -> None:
            if work is not None:
                await work
            await turns(12)

        self.loop.run_until_complete(some())
        for task in [task for task in self.tasks if task.done()]:
            self.tasks.remove(task)
            if not task.cancelled():
                task.result()

    def ask(self, number: int) -> None:
        for _ in range(1 + number % 2):
            self.tasks.append(self.loop.create_task(self._page(number % len(PAGES))))
        self._go()

    def answer(self, number: int) -> None:
        if self.gates:
            self.gates.pop(number % len(self.gates)).set()
        self._go()

    def change(self, number: int) -> None:
        self.true[KEYS[number % len(KEYS)]] += 1

    def tell(self, number: int) -> None:
        """A key that has changed is forgotten, here or, as far as we hear, by another process."""
        key = KEYS[number % len(KEYS)]
        self.true[key] += 1
        if number % 2:
            self.loop.run_until_complete(self.stock.forget([key]))
        else:
            self.pantry.heard(Invalidation(shelf="stock", key=self.stock._texts.of(key), version=None))
        self.told[key] = self.true[key]
        self._go()

    def lose(self, _: int) -> None:
        self.pantry.lost()
        self.told = Counter(self.true)
        self._go()

    def leave(self, number: int) -> None:
        if self.tasks:
            self.tasks[number % len(self.tasks)].cancel()
        self._go()

    def wait(self, number: int) -> None:
        self.clock.now += (1.0, 4.0, FRESH_S)[number % 3]

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        while self.gates:
            self.gates.pop().set()
        self._go()
        self._go(self.stack.aclose())
        assert not self.kept._running
        assert not self.kept._led
        self.loop.close()


# What leads to pages being kept comes often, what takes them away now and then.
STEPS = (*[Shop.ask] * 5, *[Shop.answer] * 6, *[Shop.tell] * 2, Shop.change, Shop.lose, Shop.leave, Shop.wait)
stepped = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), min_size=40, max_size=60)


@settings(max_examples=60)
@given(stepped)
def test_nothing_handed_out_is_older_than_what_was_forgotten(
    steps: list[tuple[Callable[[Shop, int], None], int]],
) -> None:
    """Changes, news of them from near and far, slow loads, callers who leave, time: in any order."""
    shop = Shop()
    try:
        for step, number in steps:
            step(shop, number)
    finally:
        shop.close()
