"""Standing in line for the database."""

import asyncio

from gateway.durable.line import Line


async def test_who_is_in_a_hurry_goes_first() -> None:
    """One at a time: first those in a hurry, and each kind in the order in which it came."""
    line, order = Line(1), list[str]()

    async def stand(name: str, *, hurry: bool) -> None:
        async with line.turn(hurry=hurry):
            order.append(name)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as people:
        for name in ("a", "b", "C", "D", "e"):
            people.create_task(stand(name, hurry=name.isupper()))
    assert order == ["a", "C", "D", "b", "e"]


async def test_who_gives_up_holds_nobody_up() -> None:
    """Leaving the line, also at the very moment of one's turn, lets the next one through."""
    line, open_ = Line(1), asyncio.Event()

    async def stand() -> None:
        async with line.turn(hurry=False):
            await open_.wait()

    async with line.turn(hurry=False):
        second, third = asyncio.create_task(stand()), asyncio.create_task(stand())
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait({second})
    third.cancel()  # its turn has come, and it does not know yet
    await asyncio.wait({third})
    async with asyncio.timeout(5), line.turn(hurry=False):
        pass


async def test_the_width_of_a_line() -> None:
    """As many as the line is wide go through together, and no more."""
    line, inside, most = Line(3), 0, 0

    async def stand() -> None:
        nonlocal inside, most
        async with line.turn(hurry=True):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(stand() for _ in range(10)))
    assert (inside, most) == (0, 3)
