"""Work with a limit of time that is only set once the work waits."""

from __future__ import annotations

import asyncio

import pytest

from gateway.http.within import Within


async def test_what_is_there_at_once_sets_no_clock() -> None:
    """Work that waits for nothing is done, whatever the limit."""

    async def at_once() -> str:
        return "there"

    assert await Within(at_once(), 0.0) == "there"


async def test_what_waits_goes_on_where_it_was() -> None:
    """Work that waits several times is answered as if it had been awaited itself."""

    async def waits() -> list[int]:
        seen = []
        for number in range(3):
            await asyncio.sleep(0)
            seen.append(number)
        return seen

    assert await Within(waits(), 5.0) == [0, 1, 2]


async def test_what_takes_too_long_is_cancelled_and_told() -> None:
    """Work that is not done in time hears of a cancellation, and its caller of a TimeoutError."""
    heard: list[str] = []

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            heard.append("cancelled")

    with pytest.raises(TimeoutError):
        await Within(hangs(), 0.01)
    assert heard == ["cancelled"]


@pytest.mark.parametrize("waits", [False, True])
async def test_what_fails_fails(waits: bool) -> None:
    """An error comes out as it is, before and after the work has waited."""

    async def fails() -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(LookupError):
        await Within(fails(), 5.0)


async def test_a_cancellation_from_outside_reaches_the_work() -> None:
    """Who is cancelled while waiting cancels the work, which may clean up by waiting once more."""
    left: list[str] = []
    entered = asyncio.Event()

    async def cleans() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            left.append("clean")

    async def caller() -> None:
        await Within(cleans(), 5.0)

    task = asyncio.ensure_future(caller())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left == ["clean"]
