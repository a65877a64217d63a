"""Several workers on one database: who gets what, and what becomes of those who fall silent."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from domains.durable import Done, FlowState, IllegalFlowState, NeedsPerson, RetryAfter
from domains.vocabulary import SystemRole
from gateway.durable import Quota, Worker
from gateway.durable.claims import Claimant, claim, go_on
from gateway.durable.progress import parked
from gateway.durable.rows import Fenced
from tests.gateway.durable.shop import PLENTY, POLICY, Clock, Gate, House, Shop, open_house, soon


def quotas(**of: Quota) -> dict[SystemRole, Quota]:
    return PLENTY | {SystemRole[name.upper()]: quota for name, quota in of.items()}


async def test_two_workers_share_what_is_due(url: str) -> None:
    """Two processes that look at the same moments do each step of each flow once."""
    clock, shop = Clock(), Shop()
    policy = replace(POLICY, steps_at_once=3)
    async with open_house(url, clock, policy, shop) as one, open_house(url, clock, policy, shop) as other:
        for sale in range(20):
            await one.accept(str(sale))
        begun: Counter[int] = Counter()
        for _ in range(60):
            both = await asyncio.gather(one.worker.look(), other.worker.look())
            begun.update(dict(zip([1, 2], both, strict=True)))
            await asyncio.gather(one.worker.settled(), other.worker.settled())
        assert len(await one.flows(state=FlowState.COMPLETED)) == 20
        assert Counter(key for _, _, key in shop.asked).most_common(1)[0][1] == 1
        assert begun.keys() == {1, 2}


async def test_a_dead_holder_is_taken_over(url: str) -> None:
    """What a process held when it died is due again when its lease is over, and its step is looked for first."""
    clock, shop = Clock(), Shop()
    async with open_house(url, clock, shop=shop) as dead, open_house(url, clock, shop=shop) as heir:
        gate = Gate()
        shop.will("post", gate)
        shop.will("post:find", Done(reference="4500001234"))
        await dead.accept()
        assert await dead.worker.look() == 1
        await soon(gate.entered)
        clock.now += POLICY.lease_s - 0.01
        assert await heir.worker.look() == 0
        clock.now += 0.01
        await heir.work()
        assert (await heir.flow()).state is FlowState.COMPLETED
        assert shop.calls == ["take", "post", "post:find", "thank"]
        gate.open.set()
        await dead.worker.settled()


async def test_a_frozen_holder_writes_nothing(url: str) -> None:
    """A process that wakes up after it was replaced finds its write refused, whatever its step came to."""
    clock, shop = Clock(), Shop()
    async with open_house(url, clock, shop=shop) as frozen, open_house(url, clock, shop=shop) as heir:
        gate = Gate(NeedsPerson("this must not be written"))
        shop.will("take", gate)
        await frozen.accept()
        await frozen.worker.look()
        await soon(gate.entered)
        clock.now += POLICY.lease_s
        await heir.work()
        before = await heir.flow()
        gate.open.set()
        await frozen.worker.settled()
        assert await heir.flow() == before
        assert before.state is FlowState.COMPLETED
        assert not await heir.exceptions()
        assert shop.calls == ["take", "take:find", "take", "post", "thank"]


async def test_an_older_epoch_writes_nothing(house: House) -> None:
    """Even under the same name, as after a restart in a container, what was begun before the last claim is not
    written."""
    before, after = (Worker(house.journal, holder="worker-1") for _ in range(2))
    gate = Gate(NeedsPerson("this must not be written"))
    last = Gate()
    house.shop.will("take", gate)
    house.shop.will("post", last)
    await house.accept()
    await before.look()
    await soon(gate.entered)
    house.clock.now += POLICY.lease_s
    await after.look()
    await soon(last.entered)
    gate.open.set()
    await before.settled()
    assert (await house.flow()).state is FlowState.RUNNING
    last.open.set()
    await after.settled()
    assert (await house.flow()).state is FlowState.COMPLETED


async def test_what_was_written_is_not_written_again(house: House) -> None:
    """A worker that did not hear that its write was committed, and repeats it, finds that it has let go by now."""
    await house.accept()
    claimant = Claimant(house.journal.database, house.journal.workflows, PLENTY, "worker-1", POLICY.lease_s)
    now = house.clock.now
    (kept,) = await house.journal.write(lambda c: claim(c, claimant, "OMS", 1, now))
    stopped = parked(kept.standing, now)
    await house.journal.write(lambda c: go_on(c, claimant, kept, stopped, now, stay=False))
    with pytest.raises(Fenced):
        await house.journal.write(lambda c: go_on(c, claimant, kept, stopped, now, stay=False))


async def test_a_frozen_holder_stops_its_step(url: str) -> None:
    """A process that wakes up in the middle of a step that others have taken over breaks it off."""
    clock, shop = Clock(), Shop()
    async with open_house(url, clock, shop=shop) as frozen, open_house(url, clock, shop=shop) as heir:
        gate = Gate()
        shop.will("take", gate)
        await frozen.accept()
        await frozen.worker.look()
        await soon(gate.entered)
        clock.now += POLICY.lease_s
        await heir.work()
        await frozen.worker.look()
        async with asyncio.timeout(POLICY.step_timeout_s / 2):
            await frozen.worker.settled()
        assert gate.broken_off
        assert (await heir.flow()).state is FlowState.COMPLETED


async def test_a_live_holder_keeps_its_flow(url: str) -> None:
    """A step that takes longer than a lease stays with its worker, which renews it each time it looks."""
    clock, shop = Clock(), Shop()
    async with open_house(url, clock, shop=shop) as slow, open_house(url, clock, shop=shop) as other:
        gate = Gate()
        shop.will("take", gate)
        await slow.accept()
        await slow.worker.look()
        await soon(gate.entered)
        for _ in range(10):
            clock.now += POLICY.lease_s / 2
            await slow.worker.look()
            assert await other.worker.look() == 0
        gate.open.set()
        await slow.worker.settled()
        assert shop.calls == ["take", "post", "thank"]


async def test_flows_of_one_subject_wait_for_each_other(house: House) -> None:
    """What was accepted later about the same thing begins when the earlier is over, also when that needs a person."""
    house.shop.will("post", RetryAfter("busy"), Done(), NeedsPerson("odd"))
    await house.accept("1", "flow-a")
    await house.accept("1", "flow-b")
    await house.work()
    await house.accept("2", "flow-c")
    await house.work()
    assert (await house.flow("flow-b")).state is FlowState.ACCEPTED
    assert (await house.flow("flow-c")).state is FlowState.COMPLETED
    house.clock.now += 1
    await house.work()
    assert (await house.flow("flow-a")).state is FlowState.NEEDS_PERSON
    assert (await house.flow("flow-b")).state is FlowState.ACCEPTED
    await house.journal.durable.retry("flow-a", None)
    await house.work()
    assert (await house.flow("flow-b")).state is FlowState.COMPLETED
    done: list[str] = [key for _, sale, key in house.shop.asked if sale == "1"]
    assert done.index("flow-b:take") > done.index("flow-a:thank")


async def test_a_flow_waits_for_what_it_is_behind(house: House) -> None:
    """What was accepted earlier about the other subject comes first; what was accepted later, or never, does not."""
    house.shop.will("take", RetryAfter("busy"))
    await house.accept("1")
    await house.work()
    await house.accept("2", behind="1")
    await house.accept("3", behind="nobody")
    await house.accept("4", behind="5")
    await house.accept("5")
    await house.work()
    assert [(await house.flow(f"flow-{number}")).state.value for number in "12345"] == [
        "WAITING",
        "ACCEPTED",
        "COMPLETED",
        "COMPLETED",
        "COMPLETED",
    ]
    house.clock.now += 1
    await house.work()
    assert (await house.flow("flow-2")).state is FlowState.COMPLETED


async def test_a_system_takes_so_many_at_once(url: str) -> None:
    """No more steps of one system are under way at once than its quota says, over all workers; others go on."""
    clock, shop = Clock(), Shop()
    policy = replace(POLICY, quotas=quotas(erp=Quota(at_once=2, per_s=1e6)))
    async with open_house(url, clock, policy, shop) as one, open_house(url, clock, policy, shop) as other:
        gates = [Gate() for _ in range(5)]
        shop.will("post", *gates)
        for sale in range(5):
            await one.accept(str(sale))
        for house in (one, other, one, other):
            await house.worker.look()
        await soon(gates[0].entered)
        await soon(gates[1].entered)
        for _ in range(3):
            await asyncio.gather(one.worker.look(), other.worker.look())
        assert Counter(shop.calls) == {"take": 5, "post": 2}
        for gate in gates:
            gate.open.set()
        for _ in range(20):
            await asyncio.gather(one.worker.look(), other.worker.look())
            await asyncio.gather(one.worker.settled(), other.worker.settled())
        assert Counter(shop.calls) == {"take": 5, "post": 5, "thank": 5}


async def test_a_system_takes_so_many_in_a_second(url: str) -> None:
    """After a burst of one second's worth, steps begin at the rate of the quota and no faster."""
    policy = replace(POLICY, quotas=quotas(oms=Quota(at_once=100, per_s=4.0)))
    async with open_house(url, policy=policy) as house:
        for sale in range(12):
            await house.accept(str(sale))
        begun = []
        for _ in range(9):
            await house.work()
            begun.append(house.shop.calls.count("take"))
            house.clock.now += 0.25
        assert begun == [4, 5, 6, 7, 8, 9, 10, 11, 12]


async def test_a_quota_can_be_changed_while_workers_run(house: House) -> None:
    """A quota that a person sets holds for all at once, 0 stops a system, and None goes back to the settings."""
    assert await house.journal.set_quota(SystemRole.ERP, 0, None) == Quota(at_once=0, per_s=1e6)
    await house.accept()
    await house.work()
    assert house.shop.calls == ["take"]
    assert (await house.flow()).state is FlowState.WAITING
    assert await house.journal.set_quota(SystemRole.ERP, None, None) == PLENTY[SystemRole.ERP]
    await house.work()
    assert house.shop.calls == ["take", "post", "thank"]


async def test_a_kind_that_is_not_known_here_is_left_alone(url: str) -> None:
    """During an upgrade a worker of the older program does not touch what only the newer one can do."""
    async with open_house(url) as newer:
        await newer.accept()
        older = replace(newer.shop.workflow(), kind="barter")
        async with open_house(url, newer.clock, workflows=[older]) as house:
            assert await house.worker.look() == 0
            shown = await house.flow()
            assert (shown.state, shown.steps) == (FlowState.ACCEPTED, ())
        await newer.work()
        assert (await newer.flow()).state is FlowState.COMPLETED


async def test_a_kind_that_is_not_known_here_is_not_settled_here(url: str) -> None:
    """Its flow would stand still for ever, with nothing left on the list that says so."""
    async with open_house(url) as newer:
        newer.shop.will("post", NeedsPerson("odd"))
        await newer.accept()
        await newer.work()
        (exception,) = await newer.exceptions()
        older = replace(newer.shop.workflow(), kind="barter")
        async with open_house(url, newer.clock, workflows=[older]) as house:
            refused = await house.journal.durable.resolve(exception.id, "by hand")
            assert isinstance(refused, IllegalFlowState)
            assert refused.message.endswith("This program knows no sale; the one that accepted it does.")
        assert await newer.exceptions() == [exception]


async def test_a_step_that_is_gone_needs_a_person(url: str) -> None:
    """A flow that stands at a step which the program has no longer is told to a person, and goes on once resolved."""
    async with open_house(url) as older:
        older.shop.will("post", RetryAfter("busy"))
        await older.accept()
        await older.work()
        workflow = older.shop.workflow()
        fewer = replace(workflow, steps=(workflow.steps[0], workflow.steps[3]))
        async with open_house(url, older.clock, shop=older.shop, workflows=[fewer]) as house:
            house.clock.now += 1
            await house.work()
            (exception,) = await house.exceptions()
            assert exception.title == "sale 1 needs a person: This program has no step post any more"
            await house.journal.durable.resolve(exception.id, "posted by hand")
            await house.work()
            assert (await house.flow()).state is FlowState.COMPLETED
            assert house.shop.calls == ["take", "post", "thank"]
