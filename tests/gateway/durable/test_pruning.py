"""What is old is forgotten, a little at a time, by one worker."""

from sqlalchemy import func, insert, select

from domains.durable import FlowState, NeedsPerson
from gateway.durable import pruning
from gateway.durable.tables import exceptions, flows, inbox, ledger, news, steps
from tests.gateway.durable.shop import POLICY, House

DAY_S = 86_400.0
TABLES = (flows, steps, ledger, news, exceptions, inbox)


async def counted(house: House) -> dict[str, int]:
    return {table.name: (await house.rows(select(func.count()).select_from(table)))[0][0] for table in TABLES}


async def event(house: House, id_: str, due_at: float | None) -> None:
    row = {"source": "oms", "event_id": id_, "type": "t", "entity": "e", "state": "S", "event": "{}", "tries": 0}
    row |= {"received_at": house.clock.now, "due_at": due_at, "event_source": "/oms"}
    await house.journal.write(lambda connection: connection.execute(insert(inbox), row))


async def test_everything_is_forgotten_in_its_time(house: House) -> None:
    """Answers after two days, news after a week, flows and their exceptions after a month; what is unfinished never."""
    house.shop.will("post", NeedsPerson("odd"))
    await house.accept("1")
    await house.work()
    await house.accept("2")
    await house.work()
    await event(house, "taken", None)
    await event(house, "waiting", house.clock.now)
    full = {"flows": 2, "flow_steps": 7, "ledger": 2, "news": 3, "exceptions": 1, "inbox": 2}
    assert await counted(house) == full
    house.clock.now += 2 * DAY_S
    await house.work()
    assert await counted(house) == full | {"ledger": 0}
    house.clock.now += 5 * DAY_S
    await house.work()
    assert await counted(house) == full | {"ledger": 0, "news": 0, "inbox": 1}
    house.clock.now += 24 * DAY_S
    await house.work()
    assert await counted(house) == {
        "flows": 1,
        "flow_steps": 3,
        "ledger": 0,
        "news": 0,
        "exceptions": 1,
        "inbox": 1,
    }
    assert (await house.flow("flow-1")).state is FlowState.NEEDS_PERSON


async def test_a_little_at_a_time(house: House) -> None:
    """One transaction forgets so many rows and says whether there may be more."""
    for sale in range(5):
        await house.accept(str(sale))
    await house.work()
    later = house.clock.now + 40 * DAY_S
    more = [await house.journal.write(lambda c: pruning.prune(c, POLICY, later, limit=4)) for _ in range(3)]
    assert more == [True, True, False]
    assert set((await counted(house)).values()) == {0}


async def test_one_worker_does_it(house: House) -> None:
    """Of all workers one takes the turn, and the next turn comes in its time."""
    every_s, start = POLICY.chores_every_s, house.clock.now

    async def turn(after_s: float) -> bool:
        return await house.journal.write(lambda c: pruning.take_turn(c, start + after_s, every_s))

    turns = [await turn(after_s) for after_s in (0.0, 0.0, every_s - 0.1, every_s, every_s)]
    assert turns == [True, False, False, True, False]
