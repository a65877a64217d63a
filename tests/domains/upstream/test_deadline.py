"""Deadlines nest and travel into tasks."""

import asyncio
from contextvars import Context

from hypothesis import given
from hypothesis import strategies as st

from domains.upstream import Deadline, current_deadline, deadline_scope


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8))
def test_a_nested_scope_never_extends_an_outer_one(lengths: list[float]) -> None:
    """However scopes nest, the deadline inside is the earliest of them, and leaving restores the one outside."""

    def nest(rest: list[float], earliest: float) -> None:
        before = current_deadline()
        if rest:
            with deadline_scope(rest[0], clock=lambda: 50.0) as deadline:
                assert deadline == current_deadline() == Deadline(min(earliest, 50.0 + rest[0]))
                nest(rest[1:], deadline.at)
        assert current_deadline() == before

    nest(lengths, float("inf"))
    assert current_deadline() is None


def test_time_left_is_never_negative() -> None:
    """What is left shrinks with the clock and stops at zero."""
    assert Deadline(10.0).remaining_s(7.5) == 2.5
    assert Deadline(10.0).remaining_s(12.0) == 0.0


async def test_tasks_inherit_the_deadline_unless_they_ask_not_to() -> None:
    """A task started inside a scope is bound by it; one with a context of its own is not."""

    async def seen() -> Deadline | None:
        return current_deadline()

    with deadline_scope(5.0) as deadline:
        assert await asyncio.create_task(seen()) == deadline
        assert await asyncio.create_task(seen(), context=Context()) is None
