"""A promised return can be read at once, by its id and its number, until the OMS itself tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domains.durable import Durable, Flow, FlowQuery, FlowState, FlowStep, StepState
from domains.returns import ReturnAuthorization, Returns, ReturnStatus, authorize
from domains.vocabulary import (
    FreshnessTier,
    IdempotencyKey,
    Page,
    Reading,
    ReturnId,
    SystemRole,
    UpstreamError,
    UpstreamUnreachable,
)
from gateway.wiring.promised import with_promised
from resolvers.kept_answers import written_answer
from tests.domains.returns.desk import NOW, at_desk, back
from tests.domains.returns.oms import Oms, read
from tests.journal import Journal

DOWN = UpstreamUnreachable(SystemRole.OMS, "returns")
OTHER = ReturnId("ret-1")


@dataclass
class House:
    """An OMS that was down when a return was promised, and the journal that has it."""

    oms: Oms = field(default_factory=Oms)
    state: FlowState = FlowState.WAITING
    record: StepState = StepState.WAITING
    asked: int = 0
    promise: ReturnAuthorization | None = None

    async def promised(self) -> ReturnAuthorization:
        self.oms.error = DOWN
        answer = await authorize(self.oms.port(), at_desk(back(), idempotency_key=IdempotencyKey("k")), NOW)
        assert isinstance(answer, ReturnAuthorization)
        self.promise = answer
        return answer

    def returns(self) -> Returns:
        async def by_rma(numbers: frozenset[str], /) -> Mapping[str, Reading[ReturnAuthorization]]:
            if self.oms.error is not None:
                raise self.oms.error
            known = {one.rma_number: one for one in self.oms.returns.values()}
            return {number: read(known[number]) for number in numbers if number in known}

        return with_promised(replace(self.oms.port(), by_rma=by_rma), self.durable())

    def durable(self) -> Durable:
        async def answers(subjects: frozenset[str], /) -> Mapping[str, Reading[bytes]]:
            self.asked += 1
            if self.promise is None:
                return {}
            kept = written_answer(self.promise, (ReturnAuthorization,), NOW)
            about = f"ReturnAuthorization:{self.promise.id}"
            return {about: Reading(kept, "journal", FreshnessTier.LIVE, 0.0, 0.0)} if about in subjects else {}

        async def flows_about(queries: frozenset[FlowQuery], /) -> Mapping[FlowQuery, Reading[Page[Flow]]]:
            return {query: read(Page(items=(self.flow(query),))) for query in queries}

        return replace(Journal().durable(), answers=answers, flows_about=flows_about)

    def flow(self, query: FlowQuery) -> Flow:
        return Flow(
            id="flow-1",
            kind="return.authorize",
            state=self.state,
            subject=query.subject or "",
            title="return",
            caller="clerk",
            correlation_id="c",
            accepted_at=datetime(2026, 3, 1, tzinfo=UTC),
            steps=(FlowStep(name="record-return", system=SystemRole.OMS, state=self.record),),
        )


async def found(house: House, promise: ReturnAuthorization) -> tuple[Any, Any]:
    """What is read by the id and by the number; the error where nobody can say."""
    returns = house.returns()
    return await one(returns.by_id, promise.id), await one(returns.by_rma, promise.rma_number)


async def one(fetch: Any, key: Any) -> ReturnAuthorization | UpstreamError | None:
    answer: Reading[ReturnAuthorization] | UpstreamError | None = (await fetch.outcomes(frozenset({key}))).get(key)
    return answer.value if isinstance(answer, Reading) else answer


@pytest.mark.parametrize("down", [True, False])
async def test_a_promise_is_read_before_the_oms_has_it(down: bool) -> None:
    """By id and number, whether the OMS fails or has not been told yet."""
    house = House()
    promise = await house.promised()
    house.oms.error = DOWN if down else None
    assert await found(house, promise) == (promise, promise)


@pytest.mark.parametrize("state", [FlowState.CANCELED, FlowState.COMPENSATED, FlowState.COMPLETED])
async def test_a_promise_that_was_given_up_is_canceled(state: FlowState) -> None:
    """A flow that ended without the OMS having recorded the return leaves none."""
    house = House(state=state, record=StepState.SKIPPED)
    promise = await house.promised()
    void = msgspec.structs.replace(promise, status=ReturnStatus.CANCELED)
    assert await found(house, promise) == (void, void)


async def test_what_the_oms_has_the_oms_tells() -> None:
    """Once it is recorded the journal is not believed: neither when the OMS answers nor when it fails again."""
    house = House(state=FlowState.COMPLETED, record=StepState.DONE)
    promise = await house.promised()
    assert await found(house, promise) == (DOWN, DOWN)
    house.oms.error = None
    recorded = msgspec.structs.replace(promise, provisional=False, rma_number="RMA-7")
    house.oms.returns[promise.id] = recorded
    assert await found(house, promise) == (recorded, recorded)  # also by the number on the slip


async def test_nobody_else_asks_the_journal() -> None:
    """Returns that were not named at a desk are the OMS's alone, and its failure stays one."""
    house = House()
    house.oms.error = DOWN
    returns = house.returns()
    with pytest.raises(UpstreamUnreachable):
        await returns.by_id(frozenset({OTHER}))
    house.oms.error = None
    assert await returns.by_rma(frozenset({"RMA-1"})) == {}
    assert house.asked == 0


async def test_a_failure_of_one_spares_the_promise() -> None:
    """Asked together, the promised return is told and the other fails by itself."""
    house = House()
    promise = await house.promised()
    told = await house.returns().by_id.outcomes(frozenset({promise.id, OTHER}))  # type: ignore[attr-defined]  # each by itself
    assert isinstance(told[promise.id], Reading)
    assert told[OTHER] is DOWN
