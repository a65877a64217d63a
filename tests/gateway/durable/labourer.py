"""A worker in a process of its own, with effects in a server of the test: `labourer <database> <server>`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httpx

from domains.durable import Done, IfRefused, Outcome, Step, Task, Workflow
from domains.vocabulary import SystemRole
from gateway.durable import JournalPolicy, Worker, open_journal
from tests.gateway.durable.shop import PLENTY, Sale

POLICY = JournalPolicy(quotas=PLENTY, lease_s=1.0, step_timeout_s=0.9, poll_s=0.05)


def barter(http: httpx.AsyncClient) -> Workflow[Any]:
    """post: a system that does again what it is told again, and can be asked. thank: one that knows a repeated key."""

    async def send(path: str, task: Task[Sale]) -> Outcome:
        answer = await http.post(f"/{path}/{task.key}")
        return Done(reference=answer.text)

    async def post(task: Task[Sale]) -> Outcome:
        return await send("naive", task)

    async def find(task: Task[Sale]) -> Done | None:
        answer = await http.get(f"/naive/{task.key}")
        return Done(reference=answer.text) if answer.status_code == 200 else None

    async def thank(task: Task[Sale]) -> Outcome:
        return await send("keyed", task)

    return Workflow(
        kind="barter",
        command=Sale,
        steps=(
            Step("post", SystemRole.ERP, "its document", post, find=find),
            Step("thank", SystemRole.LOYALTY, "its points", thank, if_refused=IfRefused.ASK_PERSON),
        ),
        subject=lambda sale: f"Sale:{sale.id}",
        title=lambda sale: f"sale {sale.id}",
    )


async def work(database: str, server: str) -> None:
    """Until somebody kills it."""
    async with (
        httpx.AsyncClient(base_url=server, trust_env=False, timeout=10) as http,
        open_journal(database, [barter(http)], POLICY) as journal,
    ):
        await Worker(journal).run()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
