"""`retailgraph bench stall`: its claims, a run before a house of cards, and a short one over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gateway.bench import Outcome, Sample
from gateway.bench.asking import Answer, Asking
from gateway.bench.questions import QUESTIONS, Part
from gateway.bench.spared import GRACE_MS, Row, Window, claims
from gateway.bench.stall import CALLERS, DEADLINE_S, NEEDING_PER_S, ROUNDS_MAX, ROUNDS_MORE, SYSTEMS, Trial, start
from gateway.trouble import CannotStart

WHOLE, OLDER = Part.WHOLE.value, Part.OLDER.value


def samples(detail: str, elapsed_s: float, count: int = 100, outcome: Outcome = Outcome.DONE) -> list[Sample]:
    return [Sample("account", outcome, elapsed_s, detail)] * count


def row(
    *,
    spared_s: tuple[float, ...] = (0.005, 0.005, 0.005),
    needing: list[Sample] | None = None,
    spared: str = WHOLE,
    healthy_s: tuple[float, ...] = (0.005, 0.005, 0.005),
) -> Row:
    needing = samples(OLDER, 1.0) if needing is None else needing
    healthy = [Window(samples(WHOLE, 0.006), samples(WHOLE, elapsed_s)) for elapsed_s in healthy_s]
    stalled = [Window(needing, samples(spared, elapsed_s)) for elapsed_s in spared_s]
    return Row("CRM", DEADLINE_S, healthy=healthy, stalled=stalled, others=[0.0] * 3)


def missed(*rows: Row) -> list[int]:
    return [place for place, claim in enumerate(claims(rows)) if not claim.holds]


def test_a_good_run_holds() -> None:
    """The others as quick, those who need it in time, all that there is, and a stall that was noticed."""
    assert missed(row(), row()) == []


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (row(spared_s=(0.0071, 0.0071, 0.0071)), 1),
        (row(needing=samples(OLDER, DEADLINE_S + GRACE_MS / 1000 + 0.001)), 2),
        (row(needing=[*samples(OLDER, 1.0), *samples("TimeoutError", 1.0, 1, Outcome.FAILED)]), 3),
        (row(spared=OLDER), 3),
        (row(needing=samples(WHOLE, 0.006)), 4),
    ],
    ids=["others are slower", "after the deadline", "one without an answer", "others are told less", "no stall"],
)
def test_each_claim_can_be_missed(broken: Row, place: int) -> None:
    """One thing goes wrong with one of two systems: exactly its own claim is missed."""
    assert missed(row(), broken) == [place]


def test_the_limit_is_a_ratio_and_a_millisecond() -> None:
    """5 ms may become 7, and no more; 50 ms may become 61."""
    assert missed(row(spared_s=(0.007,) * 3)) == []
    assert missed(row(healthy_s=(0.05,) * 3, spared_s=(0.061,) * 3)) == []
    assert missed(row(healthy_s=(0.05,) * 3, spared_s=(0.0611,) * 3)) == [0]


def test_a_burst_of_the_machine_is_not_the_products() -> None:
    """One slow window of three misses nothing, wherever it falls; two do."""
    assert missed(row(spared_s=(0.005, 0.9, 0.005))) == []
    assert missed(row(spared_s=(0.9, 0.9, 0.005))) == [0]


def test_who_waits_at_once_is_as_many_as_is_said() -> None:
    """Answered only at the deadline, so many a second are 150 at a time."""
    assert NEEDING_PER_S * DEADLINE_S == CALLERS == 150


class House(Asking):
    """Answers at once, without a network. While a system stalls, who needs it is told what was known before.

    `spares` is false of a house where everybody waits for whoever stalls, which is what the bench is to find out; they
    wait for so many `turns` of the loop.
    """

    def __init__(self, *, spares: bool, recovers: bool = True, turns: int = 20) -> None:
        self._spares, self._recovers, self._turns = spares, recovers, turns
        self._stalled: set[str] = set()

    async def become(self, system: str, stall_s: float) -> None:
        if stall_s:
            self._stalled.add(system)
        elif self._recovers:
            self._stalled.discard(system)

    async def ask(
        self,
        document: str,
        variables: Mapping[str, Any],
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        question = next(one for one in QUESTIONS if one.document == document)
        hit = question.needs in self._stalled or (bool(self._stalled) and not self._spares)
        part: dict[str, Any] = {"freshness": {"tier": "STALE_DEGRADED" if hit else "LIVE"}}
        if hit:
            for _ in range(self._turns):
                await asyncio.sleep(0)
        known = {"availability": [{"best": part}], "customer": part, "node": {"balance": part}}
        return Answer(200, {"product": {"name": "a shirt"}, **known})


@pytest.mark.parametrize("spares", [True, False])
async def test_a_house_where_everybody_waits_is_found_out(spares: bool) -> None:
    """The trial itself, system after system: the claim of the others' answers holds for one house and not for the
    other, and either way the stall is seen by who needs it."""
    house = House(spares=spares)
    rows = await Trial(house, house.become, [], window_s=0.04).run(1)
    assert [one.system for one in rows] == list(SYSTEMS)
    judged = claims(rows)
    assert judged[-1].holds
    needing = rows[0].stalled[0].needing
    assert needing
    assert {one.detail for one in needing} == {OLDER}
    # A product needs nobody, so this house cannot keep it back: two of three others are told less.
    assert judged[-2].holds is spares


async def test_medians_that_do_not_agree_are_taken_of_more_windows() -> None:
    """A machine that others use may spoil a few windows; a house where everybody waits stays one."""
    house = House(spares=False, turns=20_000)
    rows = await Trial(house, house.become, [], window_s=0.04).run(1)
    assert {len(one.stalled) for one in rows} == {ROUNDS_MORE}
    assert not any(claim.holds for claim in claims(rows)[: len(SYSTEMS)])


async def test_a_system_that_does_not_come_back_is_a_sentence() -> None:
    """What stays broken after a stall ends the run, and says which answers are not whole."""
    house = House(spares=True, recovers=False)
    with pytest.raises(CannotStart, match="account: older, and marked so"):
        await Trial(house, house.become, [], window_s=0.04, well_timeout_s=0.02).run(1)


def test_a_short_run_leaves_its_files(tmp_path: Path) -> None:
    """Over real HTTP, with a window of half a second each: who needs the system is told so, and a report of the agreed
    shape. How quick the others were is not judged by so few."""
    told, drawn = tmp_path / "stall.json", tmp_path / "stall.svg"
    held = start(1, told, drawn, window_s=0.5)
    report = json.loads(told.read_text())
    assert report["bench"] == "stall"
    assert report["holds"] is held
    assert [one["name"] for one in report["rows"]] == [*SYSTEMS, *(f"{one}, nothing kept" for one in SYSTEMS)]
    for one in report["rows"]:
        assert one["windows"] in (1, ROUNDS_MORE)
        assert one["spared"] == 30 * one["windows"]
        assert one["needing"] == 38 * one["windows"]
        assert sum(one["needing_told"].values()) >= 0.9 * one["needing"]
    assert report["claims"][-1]["holds"], report["claims"]
    assert ET.fromstring(drawn.read_text()).tag.endswith("svg")


@pytest.mark.parametrize("rounds", [0, ROUNDS_MAX + 1])
def test_numbers_that_cannot_be_are_told_before_anything_starts(rounds: int) -> None:
    """No round at all, or hours of them."""
    with pytest.raises(CannotStart, match="--rounds is 1 to 100"):
        start(rounds, None, None)
