"""Any story of kept holds, with any reply lost: in the end every state is what the engine's ledger says."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domains.loyalty import LATE_S, LedgerEntryType, LoyaltyRedemption, RedemptionState, is_open, points_in
from domains.vocabulary import BackendUnavailable, MembershipId, RedemptionId, UpstreamError, UpstreamRejected
from gateway.durable import Holds, open_holds
from tests.domains.loyalty.vendor import Fate, Vendor
from tests.gateway.wiring.till import Till

T = TypeVar("T")
LOST, UNHEARD = Fate.LOST_ON_THE_WAY, Fate.LOST_ON_THE_WAY_BACK
HELD, CAPTURED, REVERSED = RedemptionState.HELD, RedemptionState.CAPTURED, RedemptionState.REVERSED
LOSSES = st.sampled_from([*Fate, UNHEARD, LOST])
FATES = st.one_of(st.just([]), st.lists(LOSSES, min_size=1, max_size=6))


class LostReplies(RuleBasedStateMachine):
    """Holds and all their ends, with every call lost at will, against what the engine's ledger says in the end."""

    url = ""
    members = count(1)

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.vendor = Vendor(member=MembershipId(f"mem-{next(self.members)}"), opening=200)
        self.database: AbstractAsyncContextManager[Holds] = open_holds(self.url, self.vendor.clock)
        self.till = Till(self.vendor, self.do(self.database.__aenter__()))
        self.keys = 0
        self.known: list[RedemptionId] = []
        self.repeatable: list[tuple[str, Any, str]] = []
        self.moved: dict[str, RedemptionId] = {}

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(remembers_keys=st.booleans())
    def engine(self, remembers_keys: bool) -> None:
        """Only an engine that knows keys can be sent again what may still arrive."""
        self.vendor.remembers_keys = remembers_keys
        for value in (40, 50, 60):
            self.send("hold", value, self.key(), [])

    def send(self, what: str, argument: Any, key: str, fates: list[Fate]) -> None:
        self.vendor.fates = [
            LOST if fate is Fate.DELAYED and not self.vendor.remembers_keys else fate for fate in fates
        ]
        if what in ("capture", "reverse"):
            self.moved[key] = argument
        try:
            answer = self.do(getattr(self.till, what)(argument, f"{self.vendor.member}:{key}"))
        except UpstreamRejected:
            answer = None
        except UpstreamError:
            answer = BackendUnavailable
        self.vendor.fates = []
        command = (what, argument, key)
        if isinstance(answer, BackendUnavailable) or answer is BackendUnavailable:
            self.repeatable = [*self.repeatable, command][-3:]
        elif isinstance(answer, LoyaltyRedemption) and answer.id not in self.known:
            self.known.append(answer.id)

    def key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"

    @rule(value=st.integers(1, 60), fates=FATES)
    def hold(self, value: int, fates: list[Fate]) -> None:
        self.send("hold", value, self.key(), fates)

    @rule(data=st.data(), fates=FATES)
    def capture(self, data: st.DataObject, fates: list[Fate]) -> None:
        self.send("capture", data.draw(st.sampled_from(self.known)), self.key(), fates)

    @rule(data=st.data(), fates=FATES)
    def capture_again(self, data: st.DataObject, fates: list[Fate]) -> None:
        """Another key of a redemption that is perhaps on its way to be spent."""
        self.send("capture", data.draw(st.sampled_from(self.known[-2:])), self.key(), fates)

    @rule(data=st.data(), fates=FATES)
    def reverse(self, data: st.DataObject, fates: list[Fate]) -> None:
        self.send("reverse", data.draw(st.sampled_from(self.known)), self.key(), fates)

    @rule(data=st.data(), fates=FATES)
    def void(self, data: st.DataObject, fates: list[Fate]) -> None:
        self.send("void", data.draw(st.sampled_from(self.known)), self.key(), fates)

    @precondition(lambda self: self.repeatable)
    @rule(data=st.data(), fates=FATES)
    def repeat(self, data: st.DataObject, fates: list[Fate]) -> None:
        place = data.draw(st.integers(0, len(self.repeatable) - 1))
        self.send(*self.repeatable.pop(place), fates)

    @rule(seconds=st.sampled_from([1, 20, 61]))
    def wait(self, seconds: int) -> None:
        self.vendor.wait(seconds)

    @invariant()
    def never_more_than_there_is(self) -> None:
        """All that is held, and not debited yet, is there; and each redemption is debited and credited once at most."""
        playing = self.do(self.till.holds.in_play([self.vendor.member], self.vendor.clock.now))
        now = self.vendor.clock.moment
        waiting = [one for holds in playing.values() for one in holds if is_open(one, now)]
        waiting = [
            one
            for one in waiting
            if one.on_its_way is None or not self.vendor.written(one.on_its_way.key, LedgerEntryType.REDEMPTION)
        ]
        assert points_in(waiting) <= self.vendor.available
        for id_ in self.known:
            assert self.entered(id_, LedgerEntryType.REDEMPTION) <= 1
            assert self.entered(id_, LedgerEntryType.REVERSAL) <= self.entered(id_, LedgerEntryType.REDEMPTION)

    def entered(self, id_: RedemptionId, type_: LedgerEntryType) -> int:
        keys = [f"{self.vendor.member}:{key}" for key, whose in self.moved.items() if whose == id_]
        return sum(self.vendor.written(key, type_) for key in keys)

    def teardown(self) -> None:
        """Once nothing can be late any more, every redemption is what the ledger says, and the balance with them."""
        self.vendor.fates = []
        self.vendor.wait(LATE_S)
        for id_ in self.known:
            state = self.do(self.till.state(id_))
            moved = tuple(self.entered(id_, type_) for type_ in (LedgerEntryType.REDEMPTION, LedgerEntryType.REVERSAL))
            assert moved == {CAPTURED: (1, 0), REVERSED: (1, 1)}.get(state, (0, 0)), state
            assert state is not RedemptionState.UNKNOWN
        held = sum(int(one.points.value) for one in self.do(self.till.all()) if one.state is HELD)
        assert self.do(self.till.balance()) == (int(self.vendor.available) - held, held)
        self.do(self.database.__aexit__(None, None, None))
        self.runner.close()


LostReplies.TestCase.settings = settings(max_examples=12, stateful_step_count=12)


@pytest.fixture(scope="module", autouse=True)
def _database() -> Iterator[None]:
    with TemporaryDirectory() as folder:
        LostReplies.url = f"sqlite:///{folder}/holds.db"
        yield


TestLostReplies = LostReplies.TestCase
