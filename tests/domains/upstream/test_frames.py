"""What is left for the garbage collector by calls that failed."""

import asyncio
import contextlib
import gc
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest

from domains.upstream import CALL, without_frames
from domains.upstream.frames import CHAIN_MAX
from domains.vocabulary import UpstreamError
from tests.domains.upstream.test_opening import STOCK, opened
from tests.domains.upstream.wires import Bench, status

CALLS = 20


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def left_by(call: Callable[[], Awaitable[object]]) -> float:
    """Objects that only the garbage collector could free, per failed call."""

    async def fail() -> None:
        try:
            await call()
        except UpstreamError:
            return
        pytest.fail("the call did not fail")

    await fail()  # what is made once
    with collector_off():
        for _ in range(CALLS):
            await fail()
        await asyncio.sleep(0)
        return gc.collect() / CALLS


async def test_a_refused_connection_leaves_nothing_to_the_collector() -> None:
    """A failing system must not make the process stop for collections that those who do not ask it would feel."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        async with opened(taken.getsockname()[1]) as (client, _):
            assert await left_by(lambda: client.get("/", extensions={CALL: STOCK})) < 1


@pytest.mark.parametrize("code", [404, 500])
async def test_a_refusal_by_status_leaves_nothing_to_the_collector(code: int) -> None:
    """The error of a status does not hold the frame that raised it."""
    bench = Bench(status(code))
    assert await left_by(bench.call) < 1


def test_letting_go_reaches_the_causes() -> None:
    """Tracebacks are dropped down the chain, which stays as it is."""
    fault = _raised(_raised(None))
    assert fault.__cause__ is not None
    assert fault.__traceback__ is not None
    without_frames(fault)
    assert fault.__traceback__ is None
    assert fault.__cause__.__traceback__ is None


def test_letting_go_ends_in_a_chain_without_end() -> None:
    """A chain that leads back to itself, or a very long one, is followed so far and no further."""
    fault = first = _raised(None)
    for _ in range(CHAIN_MAX + 1):
        fault = _raised(fault)
    first.__cause__ = fault
    without_frames(fault)
    assert fault.__traceback__ is None


def _raised(cause: Exception | None) -> OSError:
    with pytest.raises(OSError, match="gone") as caught:
        raise OSError("gone") from cause
    return caught.value
