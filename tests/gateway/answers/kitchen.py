"""What the tests of whole answers share: a clock, lifetimes, and runs that are let go by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from gateway.answers import Answers, AnswerSettings, Lifetime, Made, Question, Whole

NOW = 1_772_446_530.0
LATER_S = 60.0
FRESH_S = 300.0


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Life:
    """A lifetime as provenance has it, with less to say."""

    observed_at: float = NOW
    good_until: float = NOW + LATER_S
    age_s: int = 0
    max_age_s: int = int(LATER_S)
    again: bool = False

    def later(self, now: float) -> Lifetime:
        return replace(self, age_s=int(now - self.observed_at), again=True)

    def told(self) -> Mapping[str, object]:
        return {"ageSeconds": self.age_s, "again": self.again}


def whole(data: bytes = b'{"data":{"name":"Shirt"}', life: Lifetime | None = None) -> Whole:
    return Whole(data, life or Life())


def answers(clock: Clock | None = None, settings: AnswerSettings | None = None) -> Answers:
    return Answers(settings or AnswerSettings(), clock or Clock())


def question(of: Answers, variables: Mapping[str, object] | None = None, document: str = "{ a }") -> Question:
    found = of.question("anybody", None, document, None, variables, is_query=lambda: True)
    assert found is not None
    return found


@dataclass
class Runs:
    """Makes answers, once somebody opens the `gate`. `reads` are told to `told` when a run begins."""

    told: Answers
    makes: Callable[[], Made[str]]
    reads: Mapping[str, Collection[str]] = field(default_factory=lambda: {"stock": ["a"]})
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    left: int = 0

    async def make(self) -> Made[str]:
        self.begun += 1
        for shelf, keys in self.reads.items():
            self.told.read(shelf, keys, FRESH_S)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        return self.makes()

    def ask(self, asked: Question, left_s: float = 5.0) -> asyncio.Task[str | Whole]:
        given = self.told.ask(asked, self.make, lambda: left_s)
        return asyncio.create_task(given)


def public() -> Made[str]:
    return Made("own", whole(), {"stock"})


def private() -> Made[str]:
    return Made("own")


async def turns(count: int = 5) -> None:
    """Give everybody some turns."""
    for _ in range(count):
        await asyncio.sleep(0)
