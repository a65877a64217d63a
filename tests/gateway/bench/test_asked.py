"""What is measured of one operation over a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest

from gateway.bench.asked import Asked
from gateway.bench.line import Line, NotAnswered
from gateway.trouble import CannotStart

WHOLE = json.dumps({"data": {"product": None}}).encode()


class Said:
    """A line whose other side says what it is told to."""

    def __init__(self, *said: tuple[int, bytes]) -> None:
        self._said = list(said)
        self.asked = 0

    async def ask(self, _request: bytes) -> tuple[int, bytes]:
        self.asked += 1
        await asyncio.sleep(0)
        if not self._said:
            raise NotAnswered("the server hung up")
        return self._said.pop(0)


class Used:
    """A processor that is used for so many seconds between two looks at it."""

    def __init__(self, *spent: float) -> None:
        self._spent, self._now, self._looks = list(spent), 0.0, 0

    def __call__(self) -> float:
        if self._looks % 2:
            self._now += self._spent.pop(0)
        self._looks += 1
        return self._now


def asked(lines: list[Said], used: Used | None = None) -> Asked:
    return Asked("a page", "hot", b"", used or Used(), cast("list[Line]", lines))


async def test_cpu_is_shared_among_the_requests_of_a_batch() -> None:
    """Ten requests of 0.2 s are 0.02 each; the callers share them."""
    lines = [Said(*[(200, WHOLE)] * 10) for _ in range(2)]
    one = asked(lines, Used(0.2, 0.3))
    await one.batch(10)
    assert one.cpu == [pytest.approx(0.02)]
    assert sum(line.asked for line in lines) == 10
    assert min(line.asked for line in lines) > 0
    assert 0 <= one.p50[0] <= one.p99[0]


@pytest.mark.parametrize(
    ("said", "why"),
    [([(200, WHOLE)] * 2, "2 of 4 times: the server hung up"), ([(503, b"")] + [(200, WHOLE)] * 3, "1 of 4 times")],
)
async def test_a_batch_that_is_not_answered_is_no_figure(said: list[tuple[int, bytes]], why: str) -> None:
    """A server that hangs up, or refuses, ends the run with a sentence: quick refusals must not count as quick."""
    one = asked([Said(*said)], Used(1.0))
    with pytest.raises(CannotStart, match=f"a page, hot, is not answered: {why}"):
        await one.batch(4)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ((200, b'{"data": null, "errors": [{"message": "OMS is away"}]}'), "OMS is away"),
        ((429, b"{}"), "status 429"),
    ],
)
async def test_an_answer_that_is_not_whole_is_not_measured(said: tuple[int, bytes], why: str) -> None:
    """What lacks something is cheaper than what does not."""
    with pytest.raises(CannotStart, match=why):
        await asked([Said(said)]).answered()


def measured(cpu: list[float], waited: list[float]) -> Asked:
    one = asked([])
    one.cpu, one.p50, one.p99 = cpu, waited, [2 * each for each in waited]
    return one


def test_a_row_is_beside_the_floor_and_says_how_sure_it_is() -> None:
    """CPU by the best batch, latencies by the median one; noise is what the halves of the run differ by."""
    floor = measured([1e-4, 2e-4], [1e-3, 1e-3])
    row = measured([4e-4, 5e-4, 9e-4, 4.4e-4], [3e-3, 4e-3, 3e-3, 50e-3]).row(floor, 2.0)
    expected: dict[str, Any] = {
        "page": "a page",
        "stage": "hot",
        "cpu_us": 400.0,
        "floor_ratio": 4.0,
        "noise": 0.1,
        "p50_ms": 3.5,
        "p99_ms": 7.0,
        "p50_ratio": 3.5,
        "p99_ratio": 3.5,
        "calls": 2.0,
    }
    assert {name: row[name] for name in expected} == expected
    assert row["p50_noise"] == 8.0
