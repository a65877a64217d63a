"""Any caller, any document, over one shared cache: nobody sees what a house that remembers nothing would not show them.

FUZZ_PAIRS says how many pairs of a caller and a document; `make fuzz` takes 100,000.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domains.sandbox import Sandbox
from domains.sandbox.world.world import WorldSize, build_world
from tests.cache.valkey import Valkey
from tests.fuzz.houses import COLD, Answer, House, api_key, counted, made, opened
from tests.fuzz.people import Person, headers_of, people
from tests.fuzz.questions import Pools, Question, question

PAIRS = int(os.environ.get("FUZZ_PAIRS", "3000"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
TOGETHER = 24
"""So many ask at once, so that they meet in flights and loaders as well as in what is kept."""

PRODUCTS = 60
"""Few: their stock is read ahead for each house, and is nobody's secret."""

QUESTIONS_MAX = 600
SHOWN_MAX = 5
WHOLE_LEAST = 0.99
"""Of the answers out of the cache: as full as the cold ones. A cache that showed nothing would leak nothing, too."""

Cold = dict[tuple[str, str], Answer]


def more(warm: object, cold: object, path: str = "data") -> Iterator[str]:
    """The places at which `warm` shows what `cold` does not: something else, or anything at all where that has null."""
    if warm is None or (type(warm) is type(cold) and warm == cold):
        return
    if isinstance(warm, Mapping) and isinstance(cold, Mapping):
        for name, value in warm.items():
            yield from more(value, cold.get(name), f"{path}.{name}")
    elif isinstance(warm, list) and isinstance(cold, list) and len(warm) == len(cold):
        for place, (one, other) in enumerate(zip(warm, cold, strict=True)):
            yield from more(one, other, f"{path}[{place}]")
    else:
        yield f"{path}: {warm!r} instead of {cold!r}"


def _something(found: object) -> bool:
    """Whether anything was found, in a list of entities too."""
    return any(map(_something, found)) if isinstance(found, list) else found is not None


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.kill()


async def _cold_answers(house: House, asking: list[tuple[Person, Question]]) -> Cold:
    """What each caller sees of each document where nothing is remembered; asked once, for nothing changes."""
    unasked = list({(person.name, asked.text): (person, asked) for person, asked in asking}.values())
    cold: Cold = {}
    for start in range(0, len(unasked), TOGETHER):
        batch = unasked[start : start + TOGETHER]
        answers = await asyncio.gather(*(house.ask(asked.body, headers_of(person)) for person, asked in batch))
        cold |= {(person.name, asked.text): answer for (person, asked), answer in zip(batch, answers, strict=True)}
    return cold


def _pairs(dice: random.Random, callers: tuple[Person, ...], pools: Pools) -> list[tuple[Person, Question]]:
    """Each document is asked by many."""
    questions = [question(dice, pools) for _ in range(min(QUESTIONS_MAX, PAIRS // 25))]
    return [(dice.choice(callers), dice.choice(questions)) for _ in range(PAIRS)]


@pytest.mark.timeout(1800)
async def test_nobody_sees_more_than_a_cold_house_shows_them(tmp_path: Path, now: datetime, valkey: Valkey) -> None:
    """Field by field: equal or absent. Nothing private may be kept by others, and equal rights see the same."""
    dice, began = random.Random(SEED), time.monotonic()
    with (
        Sandbox.start(0, seed=1, latency_scale=0.0, now=now, products=PRODUCTS) as sandbox,
        Sandbox.start({"CRM": 0}, seed=2, latency_scale=0.0, now=now, products=PRODUCTS) as abroad,
    ):
        pools = Pools(build_world(1, now, WorldSize(products=PRODUCTS)))
        shared = f'[cache]\nurl = "{valkey.url}"\n'
        configs = [
            made(tmp_path / name, sandbox.urls, abroad.urls["CRM"], beside)
            for name, beside in (("cold", COLD), ("left", shared), ("right", shared))
        ]
        keys = [api_key(config) for config in configs]
        groups = [people(key) for key in keys]  # each house has an API key of its own, everything else is the same
        numbered = {person.name: number for number, person in enumerate(groups[0])}
        asking = _pairs(dice, groups[0], pools)
        async with opened(*configs) as (cold_house, *warm_houses):
            cold = await _cold_answers(cold_house, asking)
            before, chilled_at = counted(sandbox.urls), time.monotonic()
            found = Findings(cold)
            for start in range(0, len(asking), TOGETHER):
                side = dice.randrange(len(warm_houses))
                batch = asking[start : start + TOGETHER]
                answers = await asyncio.gather(
                    *(
                        warm_houses[side].ask(asked.body, headers_of(groups[side + 1][numbered[person.name]]))
                        for person, asked in batch
                    )
                )
                for (person, asked), answer in zip(batch, answers, strict=True):
                    found.judge(person, asked, answer)
            calls = counted(sandbox.urls) - before
    took = time.monotonic() - began
    print(f"{PAIRS} pairs, {len(cold)} different, {calls} calls behind the caches, "  # noqa: T201 - for whoever runs it
          f"{chilled_at - began:.0f} s cold, {took:.0f} s in all")  # fmt: skip
    assert found.leaks[:SHOWN_MAX] == []
    assert found.public[:SHOWN_MAX] == []
    assert found.unequal()[:SHOWN_MAX] == []
    assert found.whole >= WHOLE_LEAST * PAIRS, f"{found.whole} of {PAIRS} were as full as cold ones"
    assert found.differing() > 0.2 * len({asked.text for _, asked in asking}), "too few documents tell callers apart"


class Findings:
    """What is wrong, in words."""

    def __init__(self, cold: Cold) -> None:
        self._cold = cold
        self._rights: dict[str, str] = {}
        self.leaks: list[str] = []
        self.public: list[str] = []
        self.whole = 0

    def judge(self, person: Person, asked: Question, answer: Answer) -> None:
        cold = self._cold[person.name, asked.text]
        self._rights[person.name] = person.rights
        self.leaks += [f"{person.name}: {place} of {asked.text}" for place in more(answer.data, cold.data)]
        self.whole += answer.data == cold.data
        says, data = answer.cache_control, answer.data
        somebodys = isinstance(data, dict) and any(_something(data.get(name)) for name in asked.private)
        if "public" in says and (somebodys or person.credential is not None):
            self.public.append(f"{person.name}: {says} for {asked.text}")

    def unequal(self) -> list[str]:
        """Documents that two callers of equal rights see differently."""
        seen: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
        for (name, text), answer in self._cold.items():
            seen[self._rights[name], text][name] = answer.data
        return [
            f"{rights}: {text}"
            for (rights, text), answers in seen.items()
            if any(data != next(iter(answers.values())) for data in answers.values())
        ]

    def differing(self) -> int:
        """How many documents show different people different things."""
        seen: dict[str, list[object]] = defaultdict(list)
        for (_, text), answer in self._cold.items():
            if answer.data not in seen[text]:
                seen[text].append(answer.data)
        return sum(len(shown) > 1 for shown in seen.values())
