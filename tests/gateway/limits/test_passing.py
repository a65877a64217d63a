"""What is given without a turn, because nothing has to run for it: counted as if it had one."""

from __future__ import annotations

import pytest

from gateway.limits import Refused
from tests.gateway.limits.test_gate import ADA, BOB, Clock, Costing, asked, gate, refused


async def test_what_is_given_without_a_turn_is_counted_like_one() -> None:
    """The same burst, the same refusals, also of who has as much running as they may; and nothing is held after it."""
    clock = Clock()
    door = gate(clock)
    turns = door.turns(ADA)
    for _ in range(3):
        await turns.pass_by()
    assert await asked(door, ADA, Costing()) is None
    with pytest.raises(Refused) as too_often:
        await turns.pass_by()
    assert too_often.value.refusal == await refused(door, ADA)
    assert door.running == {}
    clock.now = 60.0
    async with door.turn(ADA, 3):
        with pytest.raises(Refused) as too_many:
            await turns.pass_by()
        assert too_many.value.refusal == await refused(door, ADA)
        await door.turns(BOB).pass_by()


async def test_at_once_it_is_counted_the_same() -> None:
    """As often, and no longer than its turn would be given; who is refused has been counted nothing."""
    clock = Clock()
    door = gate(clock)
    turns = door.turns(ADA)
    assert [turns.passes() for _ in range(6)] == [True] * 4 + [False] * 2
    with pytest.raises(Refused):
        await turns.pass_by()
    assert door.turns(BOB).passes()
    clock.now = 0.5
    assert [turns.passes(), turns.passes()] == [True, False]
    clock.now = 60.0
    async with door.turn(ADA, 3):
        assert not turns.passes()
    assert [turns.passes() for _ in range(2)] == [True, False]
    assert door.running == {}
