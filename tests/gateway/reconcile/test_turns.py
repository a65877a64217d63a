"""Asking systems in the background, as gently as steps do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from domains.vocabulary import FreshnessTier, Reading, SystemRole
from gateway.durable import JournalPolicy, Quota
from gateway.reconcile import Turns
from gateway.reconcile.turns import NoRoom
from tests.gateway.durable.shop import POLICY, START, open_house


async def test_questions_are_paid_out_of_the_quota(url: str) -> None:
    """Each question takes one from what all workers may ask; without anything left it waits, and then gives up."""
    policy = JournalPolicy(quotas={**POLICY.quotas, SystemRole.ERP: Quota(at_once=4, per_s=2.0)})
    asked: list[frozenset[str]] = []

    async def fetch(keys: frozenset[str], /) -> Mapping[str, Reading[str]]:
        asked.append(keys)
        return {key: Reading(key, "erp", FreshnessTier.LIVE, 0.0, 0.0) for key in keys}

    async with open_house(url, policy=policy) as house:
        turns = Turns(house.journal, 1000.0, ticks=house.clock, sleep=house.clock.sleep)
        found = await turns.ask(SystemRole.ERP, fetch, [f"k-{number}" for number in range(450)])
        assert (len(found), sorted(map(len, asked))) == (450, [50, 200, 200])
        assert house.clock.now - START >= 0.5  # a bucket of two, and half a second for the third
        await house.journal.set_quota(SystemRole.ERP, 0, None)
        with pytest.raises(NoRoom, match="ERP"):
            await turns.ask(SystemRole.ERP, fetch, ["k"])
        assert len(asked) == 3
