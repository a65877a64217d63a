"""Whatever gets lost between us and an engine that holds, both end with the same story."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domains.loyalty import (
    CaptureRedemption,
    HoldPoints,
    LoyaltyRedemption,
    RedemptionState,
    VoidRedemption,
    capture,
    hold,
    void,
)
from domains.vocabulary import BackendUnavailable, IdempotencyKey, RedemptionId, Refusal
from tests.domains.loyalty.vendor import Fate, Vendor

T = TypeVar("T")
Command = HoldPoints | VoidRedemption | CaptureRedemption
LOSSES = st.sampled_from([fate for fate in Fate if fate is not Fate.DELAYED])
FATES: st.SearchStrategy[list[Fate]] = st.one_of(st.just([]), st.lists(LOSSES, min_size=1, max_size=6))


async def carried_out(vendor: Vendor, command: Command) -> LoyaltyRedemption | Refusal:
    if isinstance(command, HoldPoints):
        return await hold(vendor.loyalty(), command)
    if isinstance(command, VoidRedemption):
        return await void(vendor.loyalty(), command)
    return await capture(vendor.loyalty(), command)


def holding(vendor: Vendor, points: int, key: str, ttl_s: int = 60) -> HoldPoints:
    return HoldPoints(
        membership_id=vendor.member, points=Decimal(points), idempotency_key=IdempotencyKey(key), ttl_s=ttl_s
    )


class LostReplies(RuleBasedStateMachine):
    """Holds and their ends, each repeated with its key until it is answered, as a client does."""

    def __init__(self) -> None:
        super().__init__()
        self.vendor = Vendor(opening=200)
        self.runner = asyncio.Runner()
        self.keys = 0
        self.unanswered: list[Command] = []
        self.known: list[RedemptionId] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"

    def send(self, command: Command, fates: list[Fate]) -> None:
        self.vendor.fates = fates
        answer = self.do(carried_out(self.vendor, command))
        self.vendor.fates = []
        if isinstance(answer, BackendUnavailable):
            if command not in self.unanswered:
                self.unanswered.append(command)
            return
        if command in self.unanswered:
            self.unanswered.remove(command)
        if isinstance(answer, LoyaltyRedemption):
            assert answer == self.vendor.redemptions[answer.id], "the answer is not the engine's own"
            self.known.append(answer.id)

    @rule(points=st.integers(1, 60))
    def hold_heard(self, points: int) -> None:
        self.send(holding(self.vendor, points, self.key()), [])

    @rule(points=st.integers(1, 60), ttl_s=st.sampled_from([5, 60]), fates=FATES)
    def hold(self, points: int, ttl_s: int, fates: list[Fate]) -> None:
        self.send(holding(self.vendor, points, self.key(), ttl_s), fates)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), end=st.sampled_from([VoidRedemption, CaptureRedemption]), fates=FATES)
    def end(self, data: st.DataObject, end: type[VoidRedemption | CaptureRedemption], fates: list[Fate]) -> None:
        id_ = data.draw(st.sampled_from(self.known))
        self.send(end(redemption_id=id_, idempotency_key=IdempotencyKey(self.key())), fates)

    @precondition(lambda self: self.unanswered)
    @rule(data=st.data(), fates=FATES)
    def repeat(self, data: st.DataObject, fates: list[Fate]) -> None:
        self.send(data.draw(st.sampled_from(self.unanswered)), fates)

    @rule(seconds=st.sampled_from([1, 10, 61]))
    def wait(self, seconds: int) -> None:
        self.vendor.clock.now += seconds

    @invariant()
    def nothing_is_held_twice(self) -> None:
        """However often a hold was sent, its key has one open hold at most; and nothing is overspent."""
        assert self.vendor.available >= 0
        held = [one.reference for one in self.vendor.redemptions.values() if one.state is RedemptionState.HELD]
        assert len(held) == len(set(held))

    def teardown(self) -> None:
        """Once nothing gets lost any more, every repeat is answered."""
        for command in tuple(self.unanswered):
            self.send(command, [])
        assert not self.unanswered
        self.runner.close()


LostReplies.TestCase.settings = settings(max_examples=40, stateful_step_count=20)


TestLostReplies = LostReplies.TestCase


@pytest.mark.parametrize("lost", [Fate.LOST_ON_THE_WAY, Fate.LOST_ON_THE_WAY_BACK])
async def test_a_lost_hold_is_answered_all_the_same(lost: Fate) -> None:
    """The hold that the engine made, or makes when it is asked again, is the answer; there is one."""
    vendor = Vendor()
    vendor.fates = [Fate.HEARD, lost]
    answer = await hold(vendor.loyalty(), holding(vendor, 30, "key-1"))
    assert isinstance(answer, LoyaltyRedemption)
    assert list(vendor.redemptions.values()) == [answer]


async def test_a_repeat_looks_before_it_writes() -> None:
    """The engine does not know keys: what a first try held unheard, and nobody could look for, is found by its
    repeat."""
    vendor = Vendor()
    vendor.fates = [Fate.HEARD, Fate.LOST_ON_THE_WAY_BACK, Fate.LOST_ON_THE_WAY]
    assert isinstance(await hold(vendor.loyalty(), holding(vendor, 60, "key-1")), BackendUnavailable)
    answer = await hold(vendor.loyalty(), holding(vendor, 60, "key-1"))
    assert isinstance(answer, LoyaltyRedemption)
    assert len(vendor.redemptions) == 1
    vendor.fates = [Fate.HEARD, Fate.LOST_ON_THE_WAY]
    assert isinstance(await hold(vendor.loyalty(), holding(vendor, 20, "key-2")), BackendUnavailable)
    assert len(vendor.redemptions) == 1, "it was sent without a look"
