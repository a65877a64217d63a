"""The Wire: the one way to an outside system, with every protection on it."""

from __future__ import annotations

import asyncio
import random as chance
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

import httpx

from domains.upstream.adapting import OverHttpx, as_response
from domains.upstream.attempt import answered, read
from domains.upstream.breaker import BreakerState, Permit, Verdict
from domains.upstream.call import Call
from domains.upstream.correlation import said_now
from domains.upstream.deadline import current_deadline
from domains.upstream.errand import Errand, call_of, until
from domains.upstream.events import BreakerChanged, CallFinished, Hook, Shed, tell
from domains.upstream.lane import Lane
from domains.upstream.letter import Answer, Carrier, Letter, Limits, Lost
from domains.upstream.pacing import Pacing, may_tell_quota
from domains.upstream.path import current_path
from domains.upstream.policy import WirePolicy
from domains.upstream.retry import RetryBudget, retry_delay_s, time_for_retries_s
from domains.upstream.serial import Serial
from domains.upstream.slots import Slots
from domains.upstream.snapshot import WireSnapshot
from domains.upstream.translate import verdict_of
from domains.vocabulary import (
    BreakerOpen,
    DeadlineExceeded,
    ServingPath,
    SystemOffPath,
    SystemRole,
    UpstreamError,
    UpstreamSaturated,
    UpstreamThrottled,
    UpstreamTimeout,
)

R = TypeVar("R")
_value = attrgetter("value")

CAPABILITIES_MAX = 128  # some ten times what the widest system offers: beyond it, names are being built from data


class Wire(httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient` around the real one: one per outside system and event loop.

    Each request carries a `Call` under `extensions[CALL]`; the answer is `decoded(response)`. An `Outbound` does the
    same without httpx. Whatever goes wrong with the system is raised as an UpstreamError, so that no exception of httpx
    or of the transport below leaves it.

    A call first waits its turn for its serialised key. Each attempt then sits out a vendor's pause, takes a slot, asks
    the breaker, and has until the smaller of `timeout_s` and the deadline, less `deadline_margin_s`, to finish.

    What our own deadline cuts off is no failure of the system. It is heard all the same: a cut call that had run for
    `slow_call_s` counts as a slow one, so that hanging systems open the breaker however impatient callers are, and
    shorter cuts raise the latency estimate until calls with that little time are no longer made.

    While an operation on a path in `shut_to` is being answered no call goes out at all: SystemOffPath, and counted.
    """

    def __init__(
        self,
        system: SystemRole,
        policy: WirePolicy,
        inner: httpx.AsyncBaseTransport | Carrier,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
        hooks: Sequence[Hook] = (),
        shut_to: frozenset[ServingPath] = frozenset(),
    ) -> None:
        self.system = system
        self.policy = policy
        self._carrier = OverHttpx(inner) if isinstance(inner, httpx.AsyncBaseTransport) else inner
        self._clock = clock
        self._random = random
        self._hooks = tuple(hooks)
        self._slots = Slots(policy.slots_max, policy.queue_max)
        self._usual = Limits(policy.timeout_s, min(policy.connect_timeout_s, policy.timeout_s), policy.body_max_bytes)
        self._serial = Serial(policy.serial_keys_max, policy.queue_max)
        self._pacing = Pacing(policy)
        self._sitting_out = 0
        self._budget = RetryBudget(policy, clock())
        self._lanes: dict[str, Lane] = {}
        self._shut_to = shut_to
        self._asked_on: Counter[ServingPath | None] = Counter()
        self._refused_on: Counter[ServingPath] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Make the call. Raises UpstreamError; LookupError or TypeError when the request carries no Call."""
        call = call_of(request)
        await request.aread()  # a second attempt sends the body again
        return await self._made(Letter.of(request), call, partial(as_response, request=request))

    def send(self, letter: Letter, call: Call) -> Coroutine[Any, Any, object]:
        """Make the call, and hand back what its decode made of the answer. Raises UpstreamError."""
        return self._made(letter, call, _value)

    # From here to the future that holds an answer there are four coroutines, each of which is gone through twice.

    async def _made(self, letter: Letter, call: Call, given: Callable[[Answer], R]) -> R:
        lane = self._lane(call.capability)
        ends = until(current_deadline(), self.policy)
        errand = Errand(self.system, self.policy, letter, said_now(), call, lane, ends)
        lane.calls += 1
        started = self._clock()
        verdict, code, turn = Verdict.IGNORED, "BUG", None
        try:
            self._keep_off_shut_paths(errand)
            if call.serialise_by is not None:
                turn = await self._turn(errand, call.serialise_by)
            while True:
                try:
                    answer = await self._attempt(errand)
                    break
                except UpstreamError as error:
                    delay_s = self._delay_before_retry_s(errand, error, started)
                    if delay_s is None:
                        errand.doubt(error)
                        raise
                    errand.again(error)
                await asyncio.sleep(delay_s)  # without a slot: others may use it meanwhile
            verdict, code = Verdict.SUCCESS, ""
        except UpstreamError as error:
            verdict, code = verdict_of(error), error.code
            raise
        except asyncio.CancelledError:
            code = "CANCELLED"
            raise
        else:
            return given(answer)
        finally:
            if turn is not None:
                self._serial.release(turn)
            lane.failures += verdict is Verdict.FAILURE
            if self._hooks:
                elapsed_s = self._clock() - started
                event = CallFinished(self.system, call.capability, verdict, code or None, elapsed_s, errand.attempts)
                tell(self._hooks, event)

    def snapshot(self) -> WireSnapshot:
        """How the system and each of its capabilities are doing now."""
        now = self._clock()
        return WireSnapshot(
            system=self.system,
            in_flight=self._slots.in_flight,
            slots_max=self._slots.slots_max,
            queued=self._slots.queued,
            paused_for_s=self._pacing.wait_s(now),
            retry_tokens=self._budget.tokens,
            capabilities=tuple(lane.snapshot(now) for lane in self._lanes.values()),
            asked_on=dict(self._asked_on),
            refused_on=dict(self._refused_on),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._carrier.aclose()

    def _keep_off_shut_paths(self, errand: Errand) -> None:
        if self._shut_to and (path := current_path()) in self._shut_to:
            self._refused_on[path] += 1
            detail = "a field that reaches it was answered on a path that may not wait for it"
            raise self._shed(errand, SystemOffPath(self.system, errand.call.capability, detail, path=path))

    async def _turn(self, errand: Errand, key: str) -> str:
        if not await self._serial.acquire(key, min(self.policy.timeout_s, errand.left_s(self._clock()))):
            raise self._crowded_out(errand, "other calls with the same key are under way")
        return key

    def _delay_before_retry_s(self, errand: Errand, error: UpstreamError, started: float) -> float | None:
        now, policy = self._clock(), self.policy
        delay_s = None if errand.was_shed else retry_delay_s(error, errand.call, errand.attempts, policy, self._random)
        if delay_s is None:
            return None
        usual_s = errand.lane.latency.quantile_s(0.5, now) or 0.0
        refused_s = errand.lane.breaker.refused_for_s(now) or 0.0
        if delay_s + usual_s >= time_for_retries_s(errand.left_s(now), now - started, policy) or refused_s > delay_s:
            return None
        return delay_s if self._budget.spend(now) else None

    async def _attempt(self, errand: Errand) -> Answer:
        now = self._clock()
        if pause_s := self._pacing.wait_s(now):
            await self._sit_out(pause_s, errand)
            now = self._clock()
        self._refuse_the_hopeless(errand, now)
        if not self._slots.taken():
            if not await self._slots.acquire(min(self.policy.queue_timeout_s, errand.left_s(now))):
                raise self._crowded_out(errand, "every slot is taken")
            now = self._clock()
        try:
            left_s = errand.left_s(now)
            if left_s <= 0:
                raise self._crowded_out(errand, "the time went by waiting for a slot")
            # Asked only now: a probe must not stand in the queue while others are refused on its account.
            permit = errand.lane.breaker.admit(now)
            if permit is None:
                raise self._breaker_is_open(errand)
            return await self._asked(errand, permit, now, left_s)
        finally:
            self._slots.release()

    async def _sit_out(self, pause_s: float, errand: Errand) -> None:
        # Callers set off spread out, not all in the moment the pause ends.
        pause_s *= 1 + self.policy.jitter_ratio * self._random()
        affordable_s = min(self.policy.retry_after_max_s, errand.left_s(self._clock()))
        if pause_s < affordable_s and self._sitting_out < self.policy.queue_max:
            self._sitting_out += 1
            try:
                await asyncio.sleep(pause_s)
            finally:
                self._sitting_out -= 1
            pause_s = self._pacing.wait_s(self._clock())
        if pause_s:  # too long, too many waiting, or prolonged meanwhile
            raise self._shed(errand, errand.failed(UpstreamThrottled, "paused", retry_after_s=pause_s))

    def _refuse_the_hopeless(self, errand: Errand, now: float) -> None:
        left_s = errand.left_s(now)
        if errand.lane.breaker.refused_for_s(now) is not None:
            raise self._breaker_is_open(errand)
        if left_s <= 0 or errand.lane.latency.is_too_late(left_s, now):
            detail = f"{left_s:.3f} s are left, which is less than it usually takes"
            raise self._shed(errand, errand.failed(DeadlineExceeded, detail))

    async def _asked(self, errand: Errand, permit: Permit, started: float, left_s: float) -> Answer:
        lane = errand.lane
        errand.attempts += 1
        self._asked_on[current_path()] += 1
        lane.in_flight += 1
        verdict, has_answered = Verdict.IGNORED, False
        try:
            limits = self._usual if left_s >= self.policy.timeout_s else errand.limits(left_s)
            found = await self._carrier.carry(errand.letter, errand.said, limits)
            answer = self._read(errand, found, limits, left_s)
            verdict, has_answered = Verdict.SUCCESS, True
        except DeadlineExceeded:
            lane.latency.cut(self._clock() - started, self._clock())
            if self._clock() - started >= self.policy.slow_call_s:
                verdict = Verdict.SUCCESS  # and slow, which the breaker sees for itself
            raise
        except UpstreamError as error:
            verdict = verdict_of(error)
            if isinstance(error, UpstreamTimeout):
                lane.latency.cut(self._clock() - started, self._clock())
            has_answered = verdict is Verdict.SUCCESS
            raise
        else:
            return answer
        finally:
            lane.in_flight -= 1
            now = self._clock()
            if has_answered:
                lane.latency.answered(now - started, now)
                self._budget.earn()
            lane.breaker.settle(permit, verdict, now - started, now)

    def _read(self, errand: Errand, found: Answer | Lost | None, limits: Limits, left_s: float) -> Answer:
        if found is None:
            kind = UpstreamTimeout if left_s >= self.policy.timeout_s else DeadlineExceeded
            raise errand.failed(kind, f"no answer in {limits.limit_s:.3f} s")
        answer = answered(found, errand, limits)
        if not answer.is_success or may_tell_quota(answer.head):
            self._pacing.observe(answer.status, answer.head.named(), self._clock())
        return read(answer, errand.call, self.system)

    def _breaker_is_open(self, errand: Errand) -> UpstreamError:
        retry_after_s = errand.lane.breaker.refused_for_s(self._clock())
        return self._shed(errand, errand.failed(BreakerOpen, "", retry_after_s=retry_after_s))

    def _crowded_out(self, errand: Errand, detail: str) -> UpstreamError:
        kind = UpstreamSaturated if errand.left_s(self._clock()) > 0 else DeadlineExceeded
        return self._shed(errand, errand.failed(kind, detail))

    def _shed(self, errand: Errand, error: UpstreamError) -> UpstreamError:
        errand.was_shed = True
        errand.lane.shed += 1
        tell(self._hooks, Shed(self.system, errand.call.capability, error.code))
        return error

    def _lane(self, capability: str) -> Lane:
        lane = self._lanes.get(capability)
        if lane is None:
            if len(self._lanes) >= CAPABILITIES_MAX:
                raise LookupError(f"{self.system.value} has more than {CAPABILITIES_MAX} capabilities: {capability}")
            lane = Lane(capability, self.policy, self._random, partial(self._breaker_changed, capability))
            self._lanes[capability] = lane
        return lane

    def _breaker_changed(self, capability: str, state: BreakerState) -> None:
        tell(self._hooks, BreakerChanged(self.system, capability, state))
