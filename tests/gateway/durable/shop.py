"""A made-up slow write with three steps in three systems, each of which does what the test says."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select

from domains.durable import (
    BusinessException,
    Done,
    ExceptionQuery,
    Flow,
    FlowQuery,
    FlowState,
    IfRefused,
    Outcome,
    Receipt,
    Step,
    Submission,
    Task,
    Workflow,
    Write,
)
from domains.vocabulary import IdempotencyKey, Record, SystemRole
from gateway.durable import Journal, JournalPolicy, Quota, Worker, news_after, open_journal

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC).timestamp()
PLENTY = {role: Quota(at_once=100, per_s=1e6) for role in SystemRole}
POLICY = JournalPolicy(quotas=PLENTY)
LIMIT_S = 20.0


class Clock:
    """Seconds since the epoch, moved by hand and by whoever sleeps on it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Sale(Record, frozen=True, kw_only=True):
    """The command."""

    id: str
    gift: bool = False
    behind: str | None = None


class Posted(Record, frozen=True, kw_only=True):
    """What a step leaves behind."""

    document_number: str


Answer = Outcome | BaseException | Callable[[Task[Sale]], Awaitable[Outcome]]


@dataclass
class Shop:
    """The systems behind the steps: what they were asked, in order, and what they answer next.

    A key of `next` is the step's name, "<step>:undo" or "<step>:find"; what is not listed succeeds, and finds nothing.
    """

    asked: list[tuple[str, str, IdempotencyKey]] = field(default_factory=list)
    tasks: list[Task[Sale]] = field(default_factory=list)
    next: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def will(self, what: str, *answers: Answer | None) -> None:
        self.next[what].extend(answers)

    @property
    def calls(self) -> list[str]:
        """What was asked, without the flows and keys."""
        return [what for what, _, _ in self.asked]

    async def answer(self, what: str, task: Task[Sale]) -> Any:
        self.asked.append((what, task.command.id, task.key))
        self.tasks.append(task)
        if not self.next[what]:
            return None if what.endswith(":find") else Done(Posted(document_number=f"{what}-{task.command.id}"), what)
        said = self.next[what].pop(0)
        if isinstance(said, BaseException):
            raise said
        return await said(task) if callable(said) else said

    def step(self, name: str, system: SystemRole, *, find: bool = True, undo: bool = True, **more: Any) -> Step[Sale]:
        async def do(task: Task[Sale]) -> Outcome:
            answer: Outcome = await self.answer(name, task)
            return answer

        async def look(task: Task[Sale]) -> Done | None:
            answer: Done | None = await self.answer(f"{name}:find", task)
            return answer

        async def take_back(task: Task[Sale]) -> Outcome:
            answer: Outcome = await self.answer(f"{name}:undo", task)
            return answer

        return Step(
            name=name,
            system=system,
            wants=f"its {name}",
            do=do,
            find=look if find else None,
            undo=take_back if undo else None,
            **more,
        )

    def workflow(self) -> Workflow[Sale]:
        """take (OMS), wrap (CRM, for gifts alone), post (ERP), thank (LOYALTY: no find, no undo, asks a person)."""
        return Workflow(
            kind="sale",
            command=Sale,
            steps=(
                self.step("take", SystemRole.OMS),
                self.step("wrap", SystemRole.CRM, when=lambda task: task.command.gift),
                self.step("post", SystemRole.ERP),
                self.step("thank", SystemRole.LOYALTY, find=False, undo=False, if_refused=IfRefused.ASK_PERSON),
            ),
            subject=lambda sale: f"Sale:{sale.id}",
            title=lambda sale: f"sale {sale.id}",
            behind=lambda sale: sale.behind and f"Sale:{sale.behind}",
            announces={
                FlowState.ACCEPTED: "retail.sale.accepted.v1",
                FlowState.COMPLETED: "retail.sale.completed.v1",
                FlowState.COMPENSATED: "retail.sale.refused.v1",
                FlowState.CANCELED: "retail.sale.canceled.v1",
            },
        )


@dataclass
class House:
    """A journal with the shop's workflow and one worker, driven by hand."""

    journal: Journal
    worker: Worker
    shop: Shop
    clock: Clock

    async def accept(
        self, sale: str = "1", flow: str | None = None, *, gift: bool = False, behind: str | None = None
    ) -> str:
        """A keyed write that is answered, and its flow; its id."""
        id_ = flow or f"flow-{sale}"
        receipt = await self.journal.durable.settle(
            write(id_),
            f'{{"sale":"{sale}"}}'.encode(),
            Submission(
                flow_id=id_, kind="sale", command=Sale(id=sale, gift=gift, behind=behind), correlation_id=f"corr-{sale}"
            ),
        )
        assert receipt == Receipt(flow_id=id_)
        return id_

    async def work(self) -> None:
        """Until nothing is due."""
        for _ in range(200):
            if not await self.worker.look():
                return
            await self.worker.settled()
        raise AssertionError("it never ends")

    async def flow(self, id_: str = "flow-1") -> Flow:
        return (await self.journal.durable.flows(frozenset({id_})))[id_].value

    async def states(self, id_: str = "flow-1") -> dict[str, str]:
        """The steps' states by name, without those that have not begun."""
        steps = (await self.flow(id_)).steps
        return {step.name: step.state.value for step in steps if step.state.value != "PENDING"}

    async def flows(self, **filters: Any) -> list[str]:
        query = FlowQuery(100, **filters)
        page = (await self.journal.durable.flows_about(frozenset({query})))[query].value
        return [flow.id for flow in page.items]

    async def exceptions(self, **filters: Any) -> list[BusinessException]:
        query = ExceptionQuery(100, **filters)
        return list((await self.journal.durable.exceptions(frozenset({query})))[query].value.items)

    async def told(self) -> list[str]:
        """The types of all the news."""
        news = await self.journal.read(lambda connection: news_after(connection, 0, 100))
        return [event.type for _, event in news]

    async def rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        return await self.journal.read(lambda connection: connection.execute(query).all())


def write(key: str, fingerprint: str = "f") -> Write:
    return Write(key=IdempotencyKey(key), fingerprint=fingerprint, operation="sell", caller="till-1")


@asynccontextmanager
async def open_house(
    url: str,
    clock: Clock | None = None,
    policy: JournalPolicy = POLICY,
    shop: Shop | None = None,
    workflows: Sequence[Workflow[Any]] | None = None,
) -> AsyncIterator[House]:
    """The house over the database at `url`; another one over the same is another process."""
    clock, shop = clock or Clock(), shop or Shop()
    async with open_journal(url, workflows or [shop.workflow()], policy, clock) as journal:
        yield House(journal, Worker(journal, sleep=clock.sleep, chance=lambda: 1.0), shop, clock)


class Gate:
    """An answer that waits: `entered` is set once the step is under way, and it ends when `open` is set."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.broken_off = False
        self._outcome = outcome or Done()

    async def __call__(self, task: Task[Sale]) -> Outcome:
        self.entered.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.broken_off = True
            raise
        return self._outcome


async def soon(event: asyncio.Event) -> None:
    """Wait for `event`, and not without end."""
    async with asyncio.timeout(LIMIT_S):
        await event.wait()
