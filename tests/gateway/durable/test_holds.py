"""The table of holds: never more of one membership than its balance, in databases of each kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec import json

from domains.loyalty import (
    CAPTURE,
    KeptHold,
    LoyaltyRedemption,
    RedemptionQuery,
    RedemptionState,
    arrived,
    set_out,
    voided,
)
from domains.vocabulary import IdempotencyKey, MembershipId, RedemptionId
from gateway.database import open_database
from gateway.durable import Holds, Moved, TooFew, news_after, open_holds
from gateway.durable.holds import KEEP_S
from tests.domains.loyalty.engine import MEMBER, points
from tests.domains.loyalty.vendor import Clock

BALANCE = Decimal(100)
OTHER = MembershipId("mem-00002")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def holds(url: str, clock: Clock) -> AsyncIterator[Holds]:
    async with open_holds(url, clock) as opened:
        yield opened


def kept(clock: Clock, key: str, value: int = 30, ttl_s: int = 60, member: MembershipId = MEMBER) -> KeptHold:
    redemption = LoyaltyRedemption(
        id=RedemptionId(f"gh-{key}"),
        membership_id=member,
        state=RedemptionState.HELD,
        points=points(value),
        expires_at=clock.moment + timedelta(seconds=ttl_s),
        reference=key,
    )
    return KeptHold(redemption=redemption)


async def placed(holds: Holds, hold: KeptHold, balance: Decimal = BALANCE) -> KeptHold | TooFew | Moved:
    return await holds.place(hold, balance, await holds.mark(hold.redemption.membership_id))


async def spent(holds: Holds, id_: RedemptionId) -> None:
    await holds.change(id_, lambda hold, now: set_out(hold, CAPTURE, "c", now) or hold)
    await holds.change(id_, lambda hold, _: arrived(hold))


async def test_holds_of_many_processes_never_exceed_the_balance(url: str, clock: Clock) -> None:
    """Of twenty who hold 30 of 100 points at once, over four pools, three are let in."""
    async with AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(open_holds(url, clock)) for _ in range(4)]

        async def one(number: int) -> KeptHold | TooFew:
            while True:
                answer = await placed(pools[number % 4], kept(clock, f"k{number}"))
                if not isinstance(answer, Moved):
                    return answer

        answers = await asyncio.gather(*(one(number) for number in range(20)))
        assert sum(isinstance(answer, KeptHold) for answer in answers) == 3
        assert {answer for answer in answers if isinstance(answer, TooFew)} == {TooFew(Decimal(10))}
        assert isinstance(await placed(pools[0], kept(clock, "other", member=OTHER)), KeptHold)


async def test_a_key_holds_once(holds: Holds, clock: Clock) -> None:
    """A repeat is answered with the hold as it is by now, also where there would be no room for another."""
    first = await placed(holds, kept(clock, "k", 100))
    assert isinstance(first, KeptHold)
    assert await placed(holds, kept(clock, "k", 100)) == first
    clock.now += 60
    again = await placed(holds, kept(clock, "k", 100))
    assert isinstance(again, KeptHold)
    assert again.state is RedemptionState.EXPIRED
    assert await holds.by_key(IdempotencyKey("k")) == again
    assert await holds.by_key(IdempotencyKey("none")) is None


async def test_a_balance_from_before_a_hold_was_spent_is_read_again(holds: Holds, clock: Clock) -> None:
    """A hold that was spent between mark and place leaves the open ones, and perhaps the balance: begin anew. So does
    one that was both made and spent in between."""
    assert isinstance(await placed(holds, kept(clock, "a", 60)), KeptHold)
    before = await holds.mark(MEMBER)
    await spent(holds, RedemptionId("gh-a"))
    assert await holds.place(kept(clock, "b", 60), BALANCE, before) == Moved()
    before = await holds.mark(MEMBER)
    assert isinstance(await placed(holds, kept(clock, "c", 10)), KeptHold)
    await spent(holds, RedemptionId("gh-c"))
    assert await holds.place(kept(clock, "b", 60), BALANCE, before) == Moved()
    assert await placed(holds, kept(clock, "b", 60), BALANCE - 70) == TooFew(Decimal(30))


async def test_what_is_over_leaves_room(holds: Holds, clock: Clock) -> None:
    """Expired and voided points may be held again; those on their way to be spent may not."""
    for name in ("voided", "spending", "late"):
        assert isinstance(await placed(holds, kept(clock, name)), KeptHold)
    assert await placed(holds, kept(clock, "x")) == TooFew(Decimal(10))
    await holds.change(RedemptionId("gh-voided"), lambda hold, _: voided(hold, "v") or hold)
    await holds.change(RedemptionId("gh-spending"), lambda hold, now: set_out(hold, CAPTURE, "c", now) or hold)
    assert isinstance(await placed(holds, kept(clock, "y", 40)), KeptHold)
    clock.now += 60
    assert await placed(holds, kept(clock, "z", 71)) == TooFew(Decimal(70))
    assert isinstance(await placed(holds, kept(clock, "z", 70)), KeptHold)


async def test_redemptions_are_read_by_id_member_and_state(holds: Holds, clock: Clock) -> None:
    """Pages are newest first and begin behind what was seen; a hold whose time is over is among the expired."""
    for number in range(4):
        assert isinstance(await placed(holds, kept(clock, f"k{number}", 10, ttl_s=10 * (number + 1))), KeptHold)
    await spent(holds, RedemptionId("gh-k3"))
    clock.now += 15
    page = await holds.page(RedemptionQuery(MEMBER, 2))
    assert ([one.id for one in page.items], page.has_next) == (["gh-k3", "gh-k2"], True)
    page = await holds.page(RedemptionQuery(MEMBER, 2, "gh-k2"))
    assert ([one.id for one in page.items], page.has_next) == (["gh-k1", "gh-k0"], False)
    states = {
        state: [one.id for one in (await holds.page(RedemptionQuery(MEMBER, 9, None, state))).items]
        for state in RedemptionState
    }
    assert {state: ids for state, ids in states.items() if ids} == {
        RedemptionState.HELD: ["gh-k2", "gh-k1"],
        RedemptionState.EXPIRED: ["gh-k0"],
        RedemptionState.CAPTURED: ["gh-k3"],
    }
    found = await holds.by_id([RedemptionId("gh-k0"), RedemptionId("gh-k3"), RedemptionId("none")])
    assert {id_: one.state.value for id_, one in found.items()} == {"gh-k0": "EXPIRED", "gh-k3": "CAPTURED"}
    assert await holds.change(RedemptionId("none"), lambda hold, _: hold) is None


async def test_what_plays_a_part_in_a_balance(holds: Holds, clock: Clock) -> None:
    """Open holds of each membership, and those that ended lately."""
    assert isinstance(await placed(holds, kept(clock, "a")), KeptHold)
    assert isinstance(await placed(holds, kept(clock, "b", ttl_s=9000)), KeptHold)
    await spent(holds, RedemptionId("gh-a"))
    clock.now += 100
    lately = await holds.in_play([MEMBER, OTHER], clock.now - 101)
    assert {one.redemption.id for one in lately[MEMBER]} == {"gh-a", "gh-b"}
    long_ago = await holds.in_play([MEMBER, OTHER], clock.now - 99)
    assert {one.redemption.id for one in long_ago[MEMBER]} == {"gh-b"}
    assert OTHER not in lately


async def test_a_step_that_is_refused_changes_nothing(holds: Holds, clock: Clock) -> None:
    """What a step raises goes to whoever asked, and nothing is written."""
    first = await placed(holds, kept(clock, "k"))

    def refused(hold: KeptHold, _: object) -> KeptHold:
        raise LookupError(hold.redemption.id)

    with pytest.raises(LookupError):
        await holds.change(RedemptionId("gh-k"), refused)
    assert await holds.by_key(IdempotencyKey("k")) == first


async def test_whoever_watches_a_balance_is_told(url: str, clock: Clock, holds: Holds) -> None:
    """Points that are held, spent or given back are news of the membership, which the engine could not tell; that a
    hold is on its way, or refused, is none."""
    for name in ("a", "b"):
        assert isinstance(await placed(holds, kept(clock, name, 40)), KeptHold)
    assert isinstance(await placed(holds, kept(clock, "c", 40)), TooFew)
    await spent(holds, RedemptionId("gh-a"))
    await holds.change(RedemptionId("gh-b"), lambda hold, _: voided(hold, "v") or hold)
    database = open_database(url)
    with database.reading.connect() as connection:
        told = [one.event for one in news_after(connection, 0, 10)]
    database.close()
    assert {(one.type, one.subject) for one in told} == {("retail.balance.hold.v1", f"LoyaltyMembership:{MEMBER}")}
    states = [json.decode(one.data, type=LoyaltyRedemption).state.value for one in told]
    assert states == ["HELD", "HELD", "CAPTURED", "VOIDED"]


async def test_old_holds_are_forgotten(holds: Holds, clock: Clock) -> None:
    """What ended longer ago than anything can be given back goes with later holds; what nobody knows the end of
    stays."""
    assert isinstance(await placed(holds, kept(clock, "gone")), KeptHold)
    assert isinstance(await placed(holds, kept(clock, "unknown")), KeptHold)
    await holds.change(RedemptionId("gh-unknown"), lambda hold, now: set_out(hold, CAPTURE, "c", now) or hold)
    clock.now += KEEP_S + 61
    assert isinstance(await placed(holds, kept(clock, "new")), KeptHold)
    clock.now += KEEP_S + 61
    assert isinstance(await placed(holds, kept(clock, "newer", member=OTHER)), KeptHold)
    ids = [RedemptionId(f"gh-{name}") for name in ("gone", "unknown", "new", "newer")]
    assert set(await holds.by_id(ids)) == {"gh-unknown", "gh-newer"}
