"""The five ERPs of the bench: what is done to it, and how an associate, who may wait for it, can tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from domains.sandbox import Sandbox
from gateway.bench.asking import Answer, Asking

ERP = "ERP"
ERP_MEDIAN_MS = 140
"""What the sandbox's ERP takes on an ordinary day."""

PATIENCE_S = 2.5  # an associate's, a second above what the slow ERP takes
_SLOW_S = ERP_MEDIAN_MS * 9 / 1000
_ACCOUNT = "query Account($id: ID!) { customer(id: $id) { accountStatus } }"


@dataclass(frozen=True, slots=True)
class Told:
    """What an associate was told who asked for something that only the ERP knows."""

    answer: Answer
    elapsed_s: float

    def __str__(self) -> str:
        said = "answered" if self.answer.is_whole else self.answer.trouble
        return f"{said} after {self.elapsed_s:.2f} s"


@dataclass(frozen=True, slots=True)
class Condition:
    """`faults` are the knobs of the sandbox; None stops the process. `in_force` judges what an associate was told."""

    name: str
    done: str
    faults: dict[str, Any] | None
    in_force: Callable[[Told], bool] = field(repr=False)


def _fails(*codes: str) -> Callable[[Told], bool]:
    return lambda told: bool(told.answer.errors) and set(told.answer.errors) <= set(codes)


HEALTHY = Condition("healthy", "as on an ordinary day", {}, lambda told: told.answer.is_whole)
CONDITIONS = (
    HEALTHY,
    Condition(
        "10x slow",
        f"{_SLOW_S * 1000:.0f} ms more on every call",
        {"latency_ms": _SLOW_S * 1000},
        lambda told: told.answer.is_whole and told.elapsed_s >= _SLOW_S,
    ),
    Condition("hanging", "takes calls, never answers", {"stall_s": 600}, _fails("DEADLINE_EXCEEDED")),
    Condition("refusing", "its process is gone", None, _fails("UPSTREAM_UNREACHABLE")),
    Condition("garbling", "answers what is not JSON", {"garbled": 1}, _fails("UPSTREAM_GARBLED")),
)


class Erp:
    """The sandbox's ERP: its condition, and its own count of calls."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        self._sandbox = sandbox
        self._http = http

    async def become(self, condition: Condition) -> None:
        """Be in this condition and no other. Raises aiohttp.ClientError and SandboxFailed."""
        if condition.faults is None:
            await asyncio.to_thread(self._sandbox.stop, ERP)
            return
        if ERP not in self._sandbox.pids:
            await asyncio.to_thread(self._sandbox.start_again, ERP)
        async with self._http.post(self._url("faults"), json=condition.faults) as answer:
            answer.raise_for_status()

    async def calls(self) -> int | None:
        """How often it was called since it started; None when it is stopped, and nothing can reach it."""
        if ERP not in self._sandbox.pids:
            return None
        async with self._http.get(self._url("calls")) as answer:
            counted: dict[str, int] = await answer.json()
        return sum(counted.values())

    def _url(self, control: str) -> str:
        return f"{self._sandbox.urls[ERP]}/_sandbox/{control}"


async def ask_an_associate(asking: Asking, customer: str) -> Told:
    """Ask for the status of an account, which is the ERP's alone to say, on the SERVICE path."""
    began = time.perf_counter()
    patience = {"X-Request-Deadline-Ms": f"{PATIENCE_S * 1000:.0f}"}
    answer = await asking.ask(_ACCOUNT, {"id": customer}, headers=patience)
    return Told(answer, time.perf_counter() - began)
