"""An engine that cannot hold, with its holds kept here: whatever gets lost, our states match its ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from domains.loyalty import (
    LATE_S,
    IllegalRedemptionState,
    InsufficientPoints,
    LedgerEntryType,
    LoyaltyRedemption,
    PointsHold,
    PointsMovement,
    RedemptionState,
    at_present,
)
from domains.vocabulary import (
    BackendUnavailable,
    IdempotencyKey,
    MembershipId,
    Money,
    RedemptionId,
    Refusal,
    UpstreamRejected,
    UpstreamUnreachable,
)
from gateway.durable import open_holds
from tests.domains.loyalty.engine import points
from tests.domains.loyalty.vendor import DELAY_S, Fate, Vendor
from tests.gateway.wiring.till import Till

LOST, UNHEARD = Fate.LOST_ON_THE_WAY, Fate.LOST_ON_THE_WAY_BACK
HELD, CAPTURED, REVERSED = RedemptionState.HELD, RedemptionState.CAPTURED, RedemptionState.REVERSED


@pytest.fixture
async def till(url: str) -> AsyncIterator[Till]:
    vendor = Vendor()
    async with open_holds(url, vendor.clock) as holds:
        yield Till(vendor, holds)


async def test_a_hold_from_beginning_to_end(till: Till) -> None:
    """Held points are off the balance at once, worth money, spent by one debit, and given back by one credit."""
    id_ = await till.held(60)
    assert await till.balance() == (40, 60)
    redemption = await at_present(till.loyalty.redemptions, id_)
    assert redemption is not None
    assert (redemption.value, redemption.reference) == (Money(amount=Decimal("0.60"), currency_code="EUR"), "hold")
    too_much = await till.hold(41, "too much")
    assert isinstance(too_much, InsufficientPoints)
    assert too_much.available == points(40)
    captured = await till.capture(id_)
    assert isinstance(captured, LoyaltyRedemption)
    assert captured.state is CAPTURED
    assert (await till.balance(), int(till.vendor.available)) == ((40, 0), 40)
    entry = (await till.writes.entries(frozenset({"capture"})))["capture"].value
    assert (entry.type, entry.points) == (LedgerEntryType.REDEMPTION, points(-60))
    assert (await till.reverse(id_)).state is REVERSED
    assert await till.balance() == (100, 0)
    assert [(one.id, one.state) for one in await till.all()] == [(id_, REVERSED)]


async def test_points_are_given_back_by_hand_or_by_time(till: Till) -> None:
    """A void and the end of its time both free what was held, without a call to the engine."""
    voided, late = await till.held(30, "a"), await till.held(30, "b")
    before = len(till.vendor.entries)
    assert isinstance(await till.void(voided), LoyaltyRedemption)
    assert await till.balance() == (70, 30)
    till.vendor.wait(60)
    assert (await till.balance(), await till.state(late)) == ((100, 0), RedemptionState.EXPIRED)
    for ended in (voided, late):
        refused = await till.capture(ended)
        assert isinstance(refused, IllegalRedemptionState)
    assert len(till.vendor.entries) == before


async def test_what_was_done_is_answered_again(till: Till) -> None:
    """Each write repeated with its own key changes nothing and answers as before; with another it is refused."""
    id_, other = await till.held(30), await till.held(20, "other")
    assert await till.held(30) == id_
    assert await till.void(other) == await till.void(other)
    assert await till.capture(id_) == await till.capture(id_)
    assert isinstance(await till.capture(id_, "capture-2"), IllegalRedemptionState)
    assert isinstance(await till.void(id_), IllegalRedemptionState)
    assert await till.reverse(id_) == await till.reverse(id_)
    with pytest.raises(UpstreamRejected):
        await till.reverse(id_, "reverse-2")
    assert [till.vendor.written(key, LedgerEntryType.REDEMPTION) for key in ("capture", "capture-2")] == [1, 0]
    draft = PointsHold(membership_id=till.vendor.member, points=points(31))
    with pytest.raises(UpstreamRejected) as conflict:
        await till.loyalty.hold(draft, IdempotencyKey("hold"))
    assert conflict.value.reason == "IDEMPOTENCY_CONFLICT"


async def test_nobody_else_has_points_or_redemptions(till: Till) -> None:
    """Members and redemptions that are not there are refused by name."""
    draft = PointsHold(membership_id=MembershipId("mem-404"), points=points(1))
    with pytest.raises(UpstreamRejected) as missing:
        await till.loyalty.hold(draft, IdempotencyKey("k"))
    assert missing.value.reason == "MEMBERSHIP_NOT_FOUND"
    for end in (till.capture, till.void):
        refused = await end(RedemptionId("gh-404"))
        assert isinstance(refused, Refusal)
        assert refused.code == "REDEMPTION_NOT_FOUND"


@pytest.mark.parametrize("lost", [LOST, UNHEARD])
async def test_a_lost_debit_is_looked_for(till: Till, lost: Fate) -> None:
    """The ledger is asked by our key: a debit that arrived is the answer, one that did not is sent once more."""
    id_ = await till.held(30)
    till.vendor.fates = [lost]
    answer = await till.capture(id_)
    assert isinstance(answer, LoyaltyRedemption)
    assert answer.state is CAPTURED
    assert (await till.balance(), int(till.vendor.available)) == ((70, 0), 70)


async def test_what_nobody_knows_is_neither_spent_nor_free(till: Till) -> None:
    """While the engine cannot say, the redemption is UNKNOWN and its points stay held; nothing is sent, nothing is
    given back. Once it can, the ledger decides."""
    id_ = await till.held(30)
    till.vendor.fates = [UNHEARD, LOST, LOST, LOST]
    assert isinstance(await till.capture(id_), BackendUnavailable)
    till.vendor.fates = [LOST]
    assert await till.state(id_) is RedemptionState.UNKNOWN
    till.vendor.fates = [LOST] * 4
    assert isinstance(await till.void(id_), BackendUnavailable)
    till.vendor.fates = [LOST]  # the look; then the engine says what is available
    assert await till.balance() == (40, 30)
    till.vendor.fates = [LOST, LOST]  # both looks: without an answer nothing is sent
    assert isinstance(await till.capture(id_), LoyaltyRedemption)
    assert await till.balance() == (70, 0)
    assert await till.state(id_) is CAPTURED
    assert till.vendor.written("capture", LedgerEntryType.REDEMPTION) == 1


async def test_a_debit_that_is_late_is_waited_for(till: Till) -> None:
    """What is not in the ledger yet is not given back; it comes, once, and is then known to be spent."""
    till.vendor.remembers_keys = True
    id_ = await till.held(30)
    looked = Fate.HEARD
    till.vendor.fates = [Fate.DELAYED, looked, looked, Fate.DELAYED]
    assert isinstance(await till.capture(id_), BackendUnavailable)
    assert isinstance(await till.void(id_), BackendUnavailable)
    till.vendor.wait(DELAY_S)
    assert await till.state(id_) is CAPTURED
    assert (await till.balance(), till.vendor.written("capture", LedgerEntryType.REDEMPTION)) == ((70, 0), 1)


async def test_what_never_arrived_is_given_up_after_a_minute(till: Till) -> None:
    """A debit that is not in the ledger is waited for as long as it may be late; then the hold is what it was."""
    id_ = await till.held(30, ttl_s=600)
    looked = Fate.HEARD
    till.vendor.fates = [LOST, looked, looked, LOST]
    assert isinstance(await till.capture(id_), BackendUnavailable)
    till.vendor.wait(LATE_S - 1)
    assert isinstance(await till.void(id_), BackendUnavailable)
    till.vendor.wait(1)
    assert await till.state(id_) is HELD
    assert isinstance(await till.void(id_), LoyaltyRedemption)
    assert await till.balance() == (100, 0)


async def test_points_spent_elsewhere_are_missed(till: Till) -> None:
    """What was spent behind our back is refused by the engine, and the points stay held until they are given back."""
    id_ = await till.held(60)
    spent = PointsMovement(membership_id=till.vendor.member, points=points(70), reference="elsewhere")
    await till.vendor.movements().debit(spent, IdempotencyKey("elsewhere"))
    refused = await till.capture(id_)
    assert isinstance(refused, InsufficientPoints)
    assert refused.available == points(30)
    assert await till.balance() == (-30, 60)
    assert isinstance(await till.void(id_), LoyaltyRedemption)


async def test_a_database_that_is_away_is_an_engine_that_does_not_answer(tmp_path: Path) -> None:
    """Neither reads nor writes pass on what only the journal's callers understand."""
    vendor = Vendor()
    async with open_holds(f"sqlite:///{tmp_path / 'here.db'}", vendor.clock) as holds:
        till = Till(vendor, holds)
        id_ = await till.held(10)
        with closing(sqlite3.connect(tmp_path / "here.db")) as database:
            database.execute("DROP TABLE holds")
        with pytest.raises(UpstreamUnreachable):
            await till.loyalty.balances(frozenset({vendor.member}))
        assert isinstance(await till.void(id_), BackendUnavailable)
