"""kill -9 of the worker between any two steps and inside each of them: every effect is there, and there once."""

from __future__ import annotations

import asyncio
import itertools
import os

import pytest

from tests.crash.client import good_client
from tests.crash.journal import journal_rows
from tests.crash.shopping import POINTS_EVERY
from tests.crash.stage import Stage
from tests.crash.steps import ORDER_STEPS, RETURN_STEPS, Killer, Moment, StepOf
from tests.outage.figures import Figures

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]

DRAIN_S = 20.0
WITH_POINTS = POINTS_EVERY
"""The number of an order that has a reservation, a customer and a redemption, so that no step is skipped."""


HALF = (("sqlite", Moment.ASKED), ("postgres", Moment.DONE))
EVERY = tuple(itertools.product(("sqlite", "postgres"), Moment))


def killed_at_every_step(killer: Killer, steps: tuple[StepOf, ...], moment: Moment) -> None:
    """One flow, whose worker dies before each step and inside it."""
    for step in steps:
        killer.kill_before(step)
        killer.kill_inside(step, moment)
        killer.until_it_has_left(step)
    killer.let_all()


@pytest.mark.parametrize(("url", "moment"), EVERY if os.environ.get("CRASH_FULL") else HALF, indirect=["url"])
async def test_a_worker_is_killed_at_every_step(url: str, moment: Moment, stage: Stage, figures: Figures) -> None:
    """An order and a return that was promised while the OMS was gone, each with its worker killed at every step."""
    bought = stage.people.take(1, earned=True)
    before = stage.look(bought)
    with stage.house(url, workers=1, lease_s=1.5) as running, journal_rows(url) as journal:
        (worker,) = running.workers
        async with good_client(running.urls) as client:
            done = stage.shopping(client)
            order = Killer(stage, journal, worker, "order.submit")
            order.hold_all()
            await done.order(WITH_POINTS)
            await asyncio.to_thread(killed_at_every_step, order, ORDER_STEPS, moment)
            await asyncio.to_thread(journal.drain, DRAIN_S)
            back = Killer(stage, journal, worker, "return.authorize")
            back.hold_all()
            stage.fail("OMS", reset=1)
            returned = await done.bring_back(1, bought[0])
            stage.fail("OMS")
            assert returned is not None
            assert returned.provisional
            await asyncio.to_thread(killed_at_every_step, back, RETURN_STEPS, moment)
            await asyncio.to_thread(journal.drain, DRAIN_S)
        assert not journal.waits_for_people()
    wrong = stage.mismatches(before, done)
    kills = order.kills + back.kills
    figures.add(f"worker killed between and inside steps ({moment.value}): mismatches", f"{len(wrong)} in {kills}", "0")
    assert not wrong, "\n".join(wrong)
    assert kills == 2 * (len(ORDER_STEPS) + len(RETURN_STEPS))
