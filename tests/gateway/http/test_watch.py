"""Work that runs as long as somebody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any, TypeVar

import pytest
from starlette.types import Message, Receive
from structlog.testing import LogCapture

from gateway.http.errors import ClientGone, HttpFault
from gateway.http.watch import LOOK_AFTER_S, WhileAwaited

T = TypeVar("T")


class Client:
    """A client who hangs up when told to; counts how often it was looked for."""

    def __init__(self) -> None:
        self.looked = 0
        self.sought, self.gone = asyncio.Event(), asyncio.Event()

    async def receive(self) -> Message:
        self.looked += 1
        self.sought.set()
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def while_awaited(work: Awaitable[T], receive: Receive, **limits: Any) -> T:
    with WhileAwaited(receive, **limits):
        return await work


async def nobody(_: HttpFault) -> None:
    raise AssertionError("told although the work has ended")


async def hanging() -> None:
    await asyncio.Event().wait()


async def quick() -> str:
    await asyncio.sleep(0)
    return "done"


async def test_nobody_looks_for_the_client_of_a_quick_answer() -> None:
    """Work that is soon done is answered without a look at the connection."""
    client = Client()
    answer = await while_awaited(quick(), client.receive, limit_s=5, cancel_timeout_s=1, tell=nobody)
    assert (answer, client.looked) == ("done", 0)


async def test_a_client_who_hung_up_before_the_first_look_is_found_out() -> None:
    """Who is gone before anybody looks ends the work all the same."""
    client = Client()
    client.gone.set()
    cancelled = asyncio.Event()

    async def long() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with asyncio.timeout(5):
        with pytest.raises(ClientGone):
            await while_awaited(long(), client.receive, limit_s=5, cancel_timeout_s=1, tell=nobody)
    assert cancelled.is_set()


@pytest.mark.parametrize("limit_s", [0.005, 0.05])
async def test_the_time_is_up_before_and_after_the_first_look(limit_s: float) -> None:
    """A limit shorter than the first look holds, and so does a longer one."""
    async with asyncio.timeout(5):
        with pytest.raises(HttpFault) as late:
            await while_awaited(hanging(), Client().receive, limit_s=limit_s, cancel_timeout_s=1, tell=nobody)
    assert late.value.status == 504


async def test_what_does_not_end_is_left_behind(logged: LogCapture) -> None:
    """Work that takes no notice of a cancellation keeps its client no longer, and the log says so. Once it has ended
    after all, nobody is left to be answered, and its task is as it was."""
    release, late = asyncio.Event(), asyncio.Queue[HttpFault]()

    async def stubborn() -> str:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return "after all"

    async def asked() -> int:
        with pytest.raises(ClientGone):
            await while_awaited(stubborn(), Client().receive, limit_s=0.01, cancel_timeout_s=0.01, tell=late.put)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    async with asyncio.timeout(5):
        asking = asyncio.ensure_future(asked())
        assert (await late.get()).status == 504
        assert not asking.done()
        release.set()
        assert await asking == 0
    assert [entry["event"] for entry in logged.entries] == ["operation does not end when cancelled"]


async def test_what_is_said_of_a_request_is_said_in_its_name() -> None:
    """Though the clock that found it out was set by somebody else."""
    name, names = ContextVar("name", default="nobody"), asyncio.Queue[str]()

    async def told(_: HttpFault) -> None:
        names.put_nowait(name.get())

    async def looked_for() -> Message:
        names.put_nowait(name.get())
        await asyncio.Event().wait()
        raise AssertionError

    async def stubborn() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.wait_for(released.wait(), 5)

    async def asked(by: str, work: Awaitable[object], limit_s: float) -> None:
        name.set(by)
        await while_awaited(work, looked_for, limit_s=limit_s, cancel_timeout_s=0.001, tell=told)

    released = asyncio.Event()
    await asyncio.create_task(asked("quick", quick(), 5))
    stuck = asyncio.create_task(asked("stuck", stubborn(), 3 * LOOK_AFTER_S))
    async with asyncio.timeout(5):
        assert [await names.get(), await names.get()] == ["stuck", "stuck"]
    released.set()
    with pytest.raises(ClientGone):
        await stuck


async def test_who_was_too_late_is_not_looked_for_any_more() -> None:
    """Work that takes long to clean up was cancelled once, for the time, though its client hangs up meanwhile."""
    client = Client()
    client.gone.set()

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(4 * LOOK_AFTER_S):
                    await asyncio.Event().wait()

    async with asyncio.timeout(5):
        with pytest.raises(HttpFault) as late:
            await while_awaited(cleans_up(), client.receive, limit_s=0.005, cancel_timeout_s=1, tell=nobody)
    assert (late.value.status, client.looked) == (504, 0)


async def test_a_client_who_goes_as_the_work_ends_goes_unnoticed(logged: LogCapture) -> None:
    """What comes after the work is not cancelled, and no clock is left to complain of it."""
    client = Client()

    async def work() -> str:
        await client.sought.wait()
        await client.gone.wait()  # behind who looks for the client, so that it is found gone just before
        return "done"

    async def asked() -> str:
        answer = await while_awaited(work(), client.receive, limit_s=5, cancel_timeout_s=0, tell=nobody)
        for _ in range(5):
            await asyncio.sleep(0)
        return answer

    async with asyncio.timeout(5):
        asking = asyncio.create_task(asked())
        await client.sought.wait()
        await asyncio.sleep(0)
        client.gone.set()
        assert await asking == "done"
    assert not logged.entries


async def test_all_who_are_slow_are_looked_for_and_no_others() -> None:
    """One clock does for all: of those who ask at the same time each is looked for who still waits."""
    clients, release = [Client() for _ in range(3)], asyncio.Event()

    async def asked(client: Client, work: Awaitable[object]) -> None:
        await while_awaited(work, client.receive, limit_s=5, cancel_timeout_s=1, tell=nobody)

    async with asyncio.timeout(5), asyncio.TaskGroup() as asking:
        for client in clients[:2]:
            asking.create_task(asked(client, release.wait()))
        asking.create_task(asked(clients[2], quick()))
        for client in clients[:2]:
            await client.sought.wait()
        release.set()
    assert [client.looked for client in clients] == [1, 1, 0]


@pytest.mark.parametrize("waits", [True, False])
async def test_work_that_ends_when_cancelled_is_too_late_whatever_it_says(waits: bool, logged: LogCapture) -> None:
    """Neither an answer nor a failure of work that was cancelled is told; the failure is logged."""

    async def ends() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if waits:
                return "late"
            raise ValueError("cleaning up failed") from None
        return ""

    async with asyncio.timeout(5):
        with pytest.raises(HttpFault) as late:
            await while_awaited(ends(), Client().receive, limit_s=0.01, cancel_timeout_s=1, tell=nobody)
    assert late.value.status == 504
    assert len(logged.entries) == (0 if waits else 1)


async def test_a_cancellation_from_outside_goes_on_to_whoever_sent_it() -> None:
    """The server's own cancellation ends the work and stays one, also when it comes after ours."""
    ended = asyncio.Event()

    async def cleans_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    task = asyncio.ensure_future(
        while_awaited(cleans_up(), Client().receive, limit_s=5, cancel_timeout_s=1, tell=nobody)
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_work_may_set_a_clock_of_its_own() -> None:
    """A time limit inside of the work ends what it is around, and not the request."""

    async def limited() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return "made do"
        return ""

    answer = await while_awaited(limited(), Client().receive, limit_s=5, cancel_timeout_s=1, tell=nobody)
    assert answer == "made do"


@pytest.mark.parametrize("waits", [True, False])
async def test_work_that_cancels_itself_is_a_bug(waits: bool) -> None:
    """A cancellation from inside must not look like one to the server."""

    async def cancels() -> None:
        if waits:
            await asyncio.sleep(0)
        raise asyncio.CancelledError

    with pytest.raises(RuntimeError):
        await while_awaited(cancels(), Client().receive, limit_s=5, cancel_timeout_s=1, tell=nobody)
