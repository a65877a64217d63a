"""Slots and serial keys are never leaked, never overbooked, and go to whoever came first."""

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from domains.upstream.serial import Serial
from domains.upstream.slots import Slots
from tests.domains.upstream.virtual_time import pass_time, run_virtual

# (arrives at, is patient for, works for, goes away after), in tenths of a second
VISITS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 8), st.none() | st.integers(0, 12)), max_size=25
)


@settings(max_examples=60)
@given(VISITS)
def test_slots_survive_any_mix_of_patience_and_cancellation(
    visits: list[tuple[int, int, int, int | None]],
) -> None:
    """Whoever comes, waits, gives up or is cancelled when: never too many inside, and in the end every slot is free."""

    async def story() -> None:
        slots, inside, most = Slots(2, 5), 0, 0

        async def visit(at: int, patience: int, work: int) -> None:
            nonlocal inside, most
            await pass_time(at / 10)
            if not await slots.acquire(patience / 10):
                return
            inside += 1
            most = max(most, inside)
            try:
                await pass_time(work / 10)
            finally:
                inside -= 1
                slots.release()

        async def come(at: int, patience: int, work: int, leaves: int | None) -> None:
            task = asyncio.ensure_future(visit(at, patience, work))
            if leaves is not None:
                asyncio.get_running_loop().call_later((at + leaves) / 10, task.cancel)
            with contextlib.suppress(asyncio.CancelledError):
                await task

        await asyncio.gather(*(come(*each) for each in visits))
        assert most <= 2
        assert (slots.in_flight, slots.queued) == (0, 0)

    run_virtual(story())


async def test_the_longest_waiting_is_next() -> None:
    """The queue is first in, first out."""
    slots, order = Slots(1, 10), []
    assert await slots.acquire(1.0)

    async def wait(number: int) -> None:
        assert await slots.acquire(1.0)
        order.append(number)
        slots.release()

    tasks = [asyncio.create_task(wait(number)) for number in range(5)]
    await asyncio.sleep(0)
    slots.release()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_a_full_queue_turns_away_at_once() -> None:
    """With every slot taken and every place in the queue too, nobody waits."""
    slots = Slots(1, 1)
    assert await slots.acquire(0.0)
    waiting = asyncio.create_task(slots.acquire(60.0))
    await asyncio.sleep(0)
    assert not await asyncio.wait_for(slots.acquire(60.0), timeout=1.0)
    slots.release()
    assert await waiting


async def test_a_slot_handed_to_a_cancelled_task_goes_on() -> None:
    """Served and cancelled in the same moment: the slot passes to the next in the queue."""
    slots = Slots(1, 10)
    assert await slots.acquire(0.0)
    unlucky = asyncio.create_task(slots.acquire(1.0))
    lucky = asyncio.create_task(slots.acquire(1.0))
    await asyncio.sleep(0)
    slots.release()
    unlucky.cancel()
    assert await lucky
    assert unlucky.cancelled()
    slots.release()
    assert slots.in_flight == 0


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 6), st.integers(0, 12)), max_size=25))
def test_a_key_has_one_holder_and_is_forgotten_afterwards(calls: list[tuple[str, int, int]]) -> None:
    """Per key one call is under way at a time, other keys are not held up, and no key outlives its last caller."""

    async def story() -> None:
        serial, holders = Serial(keys_max=10, queue_max=30), dict.fromkeys("abc", 0)

        async def use(key: str, work: int) -> None:
            if not await serial.acquire(key, 0.5):
                return
            holders[key] += 1
            assert holders[key] == 1
            try:
                await pass_time(work / 10)
            finally:
                holders[key] -= 1
                serial.release(key)

        tasks = [asyncio.ensure_future(use(key, work)) for key, work, _ in calls]
        for task, (_, _, leaves) in zip(tasks, calls, strict=True):
            if leaves < 10:
                asyncio.get_running_loop().call_later(leaves / 10, task.cancel)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [result for result in results if isinstance(result, Exception)]
        assert serial.keys == 0

    run_virtual(story())


async def test_keys_are_bounded() -> None:
    """One key too many is turned away; the known ones still queue."""
    serial = Serial(keys_max=2, queue_max=5)
    assert await serial.acquire("a", 0.0)
    assert await serial.acquire("b", 0.0)
    assert not await serial.acquire("c", 1.0)
    serial.release("a")
    assert await serial.acquire("c", 0.0)
    assert serial.keys == 2
