"""The gate: lets a caller's operations in one by one, and keeps account of what they cost."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple

from domains.vocabulary import SystemRole
from gateway.limits.bucket import Draw
from gateway.limits.counting import Counted, Counting
from gateway.limits.estimate import Estimate
from gateway.limits.policy import AudienceLimits
from gateway.limits.refusals import Refusal, Refused, spent, too_dear, too_fast, too_long, too_many
from gateway.limits.spending import Calls, current_calls

Toll = Callable[[Estimate, Mapping[str, object]], Awaitable[Refusal | None]]

_MINUTE_S = 60.0
_HELD_MAX = 256  # of an audience: some 100 KiB
_OUTCOMES_MAX = 8  # of each of these: as much again, if a page ever came to so many
_ACCOUNTS_MAX = 4096  # audiences times two; names of audiences come from settings, never from callers


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose account is drawn on: a caller by `name`, or when that is None everybody of the audience without a name."""

    name: str | None
    audience: str


class _Purse(NamedTuple):
    """What a payer may spend of one system: so many calls by one operation `at_once`, and the `budget` a minute."""

    name: str
    at_once: int
    budget: int
    refill_per_s: float

    def draw(self, calls: int) -> Draw:
        return Draw(self.name, self.budget, self.refill_per_s, calls)


class _Held:
    """What is drawn for an operation that may make so many `calls`, before it runs; `owed` is what settles it once it
    is known which it made, for the first few outcomes: most make as many, or none."""

    __slots__ = ("calls", "draws", "owed")

    def __init__(self, calls: Mapping[SystemRole, int], draws: tuple[Draw, ...]) -> None:
        self.calls = calls
        self.draws = draws
        self.owed: dict[tuple[tuple[SystemRole, int], ...], tuple[Draw, ...]] = {}


@dataclass(frozen=True, slots=True)
class _Account:
    """The limits of one payer, some of which are `share` times those of a caller.

    `held` is what is drawn for operations that cost so many calls of so many systems, which are few for a page.
    """

    limits: AudienceLimits
    share: int
    rate: Draw
    purses: Mapping[SystemRole, _Purse]
    held: dict[tuple[tuple[SystemRole, int], ...], _Held | Refusal] = field(default_factory=dict)

    @classmethod
    def of(cls, limits: AudienceLimits, share: int) -> _Account:
        purses = {}
        for system in SystemRole:
            budget = limits.budget_per_min.of(system) * share
            at_once = min(limits.cost_max.of(system), budget)
            purses[system] = _Purse(system.value, at_once, budget, budget / _MINUTE_S)
        return cls(limits, share, Draw("requests", limits.burst * share, limits.requests_per_s * share, 1), purses)

    def holding(self, calls: Mapping[SystemRole, int]) -> _Held | Refusal:
        """What holds so many calls; the refusal of an operation that would make more of them than one may."""
        name = tuple(calls.items())
        held = self.held.get(name)
        if held is None:
            held = self._holding(calls)
            if len(self.held) < _HELD_MAX:
                self.held[name] = held
        return held

    def _holding(self, calls: Mapping[SystemRole, int]) -> _Held | Refusal:
        for system, number in calls.items():
            if number > self.purses[system].at_once:
                return too_dear(system, number, self.purses[system].at_once)
        return _Held(calls, tuple(self.purses[system].draw(number) for system, number in calls.items()))

    def owed(self, held: _Held | None, calls: Calls) -> tuple[Draw, ...]:
        """What was asked beyond what was held, or less than that."""
        name = tuple(calls.items())
        owed = None if held is None else held.owed.get(name)
        if owed is None:
            expected = {} if held is None else held.calls
            differ = {system: calls.get(system, 0) - expected.get(system, 0) for system in {*calls, *expected}}
            owed = tuple(self.purses[system].draw(number) for system, number in differ.items() if number)
            if held is not None and len(held.owed) < _OUTCOMES_MAX:
                held.owed[name] = owed
        return owed


class Gate:
    """One per process. `limits` are those of an audience by its name, `counting` keeps the buckets. How many operations
    run at once is counted here alone, since a process that dies would never give back what it holds elsewhere."""

    def __init__(
        self,
        limits: Callable[[str], AudienceLimits],
        counting: Counting | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self.counting = counting or Counted(clock)
        self._accounts: dict[tuple[str, bool], _Account] = {}
        self.running: dict[str, int] = {}

    def turn(self, payer: Payer, operations: int) -> Turn:
        """The turn of a request with so many operations; 0 when the house itself asks once more for a stream.

        Entering it raises Refused.
        """
        return self.turns(payer)(operations)

    def turns(self, payer: Payer) -> Turns:
        """The same for all requests of one payer, whose account is looked up once."""
        key = f"audience:{payer.audience}" if payer.name is None else payer.name
        return Turns(self, key, self._account(payer))

    def _account(self, payer: Payer) -> _Account:
        name = (payer.audience, payer.name is None)
        account = self._accounts.get(name)
        if account is None:
            limits = self._limits(payer.audience)
            share = limits.anonymous_counts_as if payer.name is None else 1
            account = _Account.of(limits, share)
            if len(self._accounts) < _ACCOUNTS_MAX:
                self._accounts[name] = account
        return account


class Turns:
    """The turns of one payer: called with so many operations it gives one of them."""

    __slots__ = ("_account", "_gate", "_most", "_name", "_rate")

    def __init__(self, gate: Gate, name: str, account: _Account) -> None:
        self._gate = gate
        self._name = name
        self._account = account
        self._most = account.limits.concurrent_max * account.share
        self._rate = (account.rate,)

    def __call__(self, operations: int) -> Turn:
        return Turn(self._gate, self._name, self._account, operations)

    def passes(self) -> bool:
        """Count one operation for which nothing has to run, if that can be done at once.

        False where it takes a while, or its turn would be refused: then nothing was counted, and `pass_by` says more.
        """
        if self._gate.running.get(self._name, 0) >= self._most:
            return False
        return self._gate.counting.draw_at_once(self._name, self._account.rate) == 0.0

    async def pass_by(self) -> None:
        """The same, however long it takes. Raises Refused where its turn would.

        It is over as soon as it is counted, and asks nobody, so there is nothing to hold and nothing to give back.
        """
        if self._gate.running.get(self._name, 0) >= self._most:
            raise Refused(too_many(self._most))
        (wait_s,) = await self._gate.counting.draw(self._name, self._rate)
        if wait_s:
            raise too_often(self._account.rate, wait_s)


def too_often(rate: Draw, wait_s: float) -> Refused:
    return Refused(too_fast(rate.refill_per_s, int(rate.size), wait_s))


class Turn:
    """One request at the gate. While it is open its calls are counted; when it closes, what was held for them and not
    needed is given back.

    What is paid is what was asked of the systems: an answer out of a cache is free, and of several callers who wait
    for one call the first pays. What is held beforehand is the estimate, so that many requests at once cannot spend
    together what each of them could alone.
    """

    __slots__ = ("_account", "_calls", "_gate", "_held", "_name", "_operations", "_token")

    def __init__(self, gate: Gate, name: str, account: _Account, operations: int) -> None:
        self._gate = gate
        self._name = name
        self._account = account
        self._operations = operations
        self._held: _Held | None = None
        self._calls: Calls = {}
        self._token: Token[Calls | None] | None = None

    async def __aenter__(self) -> Toll:
        """Answers what is to be asked before each operation runs."""
        limits, running = self._account.limits, self._gate.running
        if self._operations:
            most = limits.concurrent_max * self._account.share
            now = running.get(self._name, 0) + self._operations
            if now > most:
                raise Refused(too_many(most))
            running[self._name] = now  # before anything is awaited: others are counting too
            rate = self._account.rate
            asked = rate if self._operations == 1 else rate._replace(amount=self._operations)
            wait_s = self._gate.counting.draw_at_once(self._name, asked)
            if wait_s is None:
                wait_s = await self._drawn(asked)
            if wait_s:
                self._leave()
                raise too_often(rate, wait_s)
        self._token = current_calls.set(self._calls)
        return self.toll

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            current_calls.reset(self._token)
        self._leave()
        if (self._held is not None or self._calls) and (owed := self._account.owed(self._held, self._calls)):
            self._gate.counting.settle(self._name, owed)

    async def toll(self, estimate: Estimate, variables: Mapping[str, object]) -> Refusal | None:
        """Hold what an operation may cost. Why it may not run, if it may not."""
        cost = estimate.of(variables)
        account = self._account
        if cost.items > account.limits.items_max:
            return too_long(cost.items, account.limits.items_max)
        if not cost.calls:
            return None
        held = account.holding(cost.calls)
        if isinstance(held, Refusal):
            return held
        if not self._operations:
            return None
        waits = self._gate.counting.draw_all_at_once(self._name, held.draws)
        if waits is None:
            waits = await self._gate.counting.draw(self._name, held.draws)
        if any(waits):
            longest, draw = max(zip(waits, held.draws, strict=True), key=lambda pair: pair[0])
            left = draw.amount - longest * draw.refill_per_s
            return spent(SystemRole(draw.name), int(draw.amount), left, int(draw.size), longest)
        self._held = held if self._held is None else _together(self._held, held)
        return None

    async def _drawn(self, asked: Draw) -> float:
        try:
            (wait_s,) = await self._gate.counting.draw(self._name, (asked,))
        except BaseException:
            self._leave()
            raise
        return wait_s

    def _leave(self) -> None:
        running = self._gate.running
        left = running.pop(self._name, 0) - self._operations
        if left > 0:
            running[self._name] = left


def _together(one: _Held, other: _Held) -> _Held:
    """What is held for two operations of a batch. It has been drawn, and is only settled."""
    calls = {system: one.calls.get(system, 0) + other.calls.get(system, 0) for system in {*one.calls, *other.calls}}
    return _Held(calls, ())
