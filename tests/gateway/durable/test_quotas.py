"""How many steps a system takes."""

from __future__ import annotations

import math

import pytest

from domains.vocabulary import SystemRole
from gateway.durable import Quota
from tests.gateway.durable.shop import House


async def test_a_rate_of_nothing_lets_no_step_begin(house: House) -> None:
    """Where a person grants no step per second, not even the one begins that was granted before."""
    await house.journal.set_quota(SystemRole.ERP, None, 0)
    await house.accept()
    await house.work()
    house.clock.now += 60
    await house.work()
    assert house.shop.calls == ["take"]
    await house.journal.set_quota(SystemRole.ERP, None, None)
    await house.work()
    assert house.shop.calls == ["take", "post", "thank"]


@pytest.mark.parametrize("per_s", [-1.0, math.inf, math.nan])
def test_a_rate_is_a_number(per_s: float) -> None:
    """What no bucket can be filled with is refused where it is said, before a worker counts with it."""
    with pytest.raises(ValueError, match="per_s"):
        Quota(at_once=1, per_s=per_s)
