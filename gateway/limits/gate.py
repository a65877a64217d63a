"""The gate: lets a caller's operations in one by one, and keeps account of what they cost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Token
from dataclasses import dataclass
from types import TracebackType

from domains.vocabulary import SystemRole
from gateway.limits.bucket import Draw
from gateway.limits.counting import Counted, Counting
from gateway.limits.estimate import Estimate
from gateway.limits.policy import AudienceLimits
from gateway.limits.refusals import Refusal, Refused, spent, too_dear, too_fast, too_long, too_many
from gateway.limits.spending import Calls, current_calls

Toll = Callable[[Estimate, Mapping[str, object]], Awaitable[Refusal | None]]

_MINUTE_S = 60.0
_ACCOUNTS_MAX = 4096  # audiences times two; names of audiences come from settings, never from callers


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose account is drawn on: a caller by `name`, or when that is None everybody of the audience without a name."""

    name: str | None
    audience: str


@dataclass(frozen=True, slots=True)
class _Account:
    """The limits of one payer, `share` times those of a caller."""

    limits: AudienceLimits
    share: int
    rate: Draw

    def budget(self, system: SystemRole) -> int:
        return self.limits.budget_per_min.of(system) * self.share

    def draw(self, system: SystemRole, calls: float) -> Draw:
        size = self.budget(system)
        return Draw(system.value, size, size / _MINUTE_S, calls)


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
        self.running: Counter[str] = Counter()

    def turn(self, payer: Payer, operations: int) -> Turn:
        """The turn of a request with so many operations; 0 when the house itself asks once more for a stream.

        Entering it raises Refused.
        """
        key = f"audience:{payer.audience}" if payer.name is None else payer.name
        return Turn(self, key, self._account(payer), operations)

    def _account(self, payer: Payer) -> _Account:
        name = (payer.audience, payer.name is None)
        account = self._accounts.get(name)
        if account is None:
            limits = self._limits(payer.audience)
            share = limits.anonymous_counts_as if payer.name is None else 1
            rate = Draw("requests", limits.burst * share, limits.requests_per_s * share, 1)
            account = _Account(limits, share, rate)
            if len(self._accounts) < _ACCOUNTS_MAX:
                self._accounts[name] = account
        return account


class Turn:
    """One request at the gate. While it is open its calls are counted; when it closes, what was held for them and not
    needed is given back.

    What is paid is what was asked of the systems: an answer out of a cache is free, and of several callers who wait
    for one call the first pays. What is held beforehand is the estimate, so that many requests at once cannot spend
    together what each of them could alone.
    """

    def __init__(self, gate: Gate, name: str, account: _Account, operations: int) -> None:
        self._gate = gate
        self._name = name
        self._account = account
        self._operations = operations
        self._held: dict[SystemRole, int] = {}
        self._calls: Calls = Counter()
        self._token: Token[Calls | None] | None = None

    async def __aenter__(self) -> Toll:
        """Answers what is to be asked before each operation runs."""
        limits, running = self._account.limits, self._gate.running
        if self._operations:
            most = limits.concurrent_max * self._account.share
            if running[self._name] + self._operations > most:
                raise Refused(too_many(most))
            running[self._name] += self._operations  # before anything is awaited: others are counting too
            try:
                await self._pass()
            except BaseException:
                self._leave()
                raise
        self._token = current_calls.set(self._calls)
        return self.toll

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            current_calls.reset(self._token)
        self._leave()
        if not self._calls and not self._held:
            return
        draws = tuple(
            self._account.draw(system, owed)
            for system in {*self._calls, *self._held}
            if (owed := self._calls.get(system, 0) - self._held.get(system, 0))
        )
        if draws:
            self._gate.counting.settle(self._name, draws)

    async def toll(self, estimate: Estimate, variables: Mapping[str, object]) -> Refusal | None:
        """Hold what an operation may cost. Why it may not run, if it may not."""
        cost = estimate.of(variables)
        limits = self._account.limits
        if cost.items > limits.items_max:
            return too_long(cost.items, limits.items_max)
        for system, calls in cost.calls.items():
            most = min(limits.cost_max.of(system), self._account.budget(system))
            if calls > most:
                return too_dear(system, calls, most)
        if not self._operations or not cost.calls:
            return None
        draws = tuple(self._account.draw(system, calls) for system, calls in cost.calls.items())
        waits = await self._gate.counting.draw(self._name, draws)
        longest, draw = max(zip(waits, draws, strict=True), key=lambda pair: pair[0])
        if longest:
            system = SystemRole(draw.name)
            left = draw.amount - longest * draw.refill_per_s
            return spent(system, int(draw.amount), left, self._account.budget(system), longest)
        for system, calls in cost.calls.items():  # the operations of a batch add up
            self._held[system] = self._held.get(system, 0) + calls
        return None

    async def _pass(self) -> None:
        rate = self._account.rate
        asked = rate if self._operations == 1 else Draw(rate.name, rate.size, rate.refill_per_s, self._operations)
        (wait_s,) = await self._gate.counting.draw(self._name, (asked,))
        if wait_s:
            raise Refused(too_fast(rate.refill_per_s, int(rate.size), wait_s))

    def _leave(self) -> None:
        left = self._gate.running[self._name] - self._operations
        if left > 0:
            self._gate.running[self._name] = left
        else:
            del self._gate.running[self._name]
