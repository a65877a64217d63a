"""One operation asked of one server, batch after batch: what it cost the server, and how long whoever asked waited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import orjson

from gateway.bench.figures import quantile
from gateway.bench.line import Line, NotAnswered
from gateway.bench.load import Ended, Outcome, closed
from gateway.bench.timing import judged
from gateway.trouble import CannotStart


@dataclass(slots=True)
class Asked:
    """What was measured of `request`. `used_s` says how much CPU the server has used; `lines` are its callers'.

    For each batch: seconds of CPU a request, and the p50 and p99 of what callers waited, in seconds.
    """

    page: str
    stage: str
    request: bytes
    used_s: Callable[[], float]
    lines: list[Line]
    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    async def answered(self) -> None:
        """Ask once. Raises CannotStart unless the answer is whole."""
        try:
            status, body = await self.lines[0].ask(self.request)
        except (NotAnswered, TimeoutError) as exc:
            raise self._not_answered(str(exc) or type(exc).__name__) from exc
        if status != 200:
            raise self._not_answered(f"status {status}")
        if errors := orjson.loads(body).get("errors"):
            raise self._not_answered(errors[0]["message"])

    async def batch(self, requests: int) -> None:
        """Ask so often, each caller again as soon as it is answered. Raises CannotStart when one is not."""
        free = list(self.lines)
        before = self.used_s()
        run = await closed([partial(self._ended, free)] * requests, len(self.lines))
        self.cpu.append((self.used_s() - before) / requests)
        if failed := [sample.detail for sample in run.samples if sample.outcome is Outcome.FAILED]:
            raise self._not_answered(f"{len(failed)} of {requests} times: {failed[0]}")
        waited = [sample.elapsed_s for sample in run.samples]
        self.p50.append(quantile(waited, 0.5))
        self.p99.append(quantile(waited, 0.99))

    async def _ended(self, free: list[Line]) -> Ended:
        line = free.pop()
        try:
            status, _ = await line.ask(self.request)
        except (NotAnswered, TimeoutError) as exc:
            return Ended(self.page, Outcome.FAILED, str(exc) or type(exc).__name__)
        finally:
            free.append(line)
        # What is in the body was looked at before: an answer with errors has another status only rarely.
        return Ended(self.page, Outcome.DONE if status == 200 else Outcome.FAILED, f"status {status}")

    def _not_answered(self, why: str) -> CannotStart:
        return CannotStart(f"{self.page}, {self.stage}, is not answered: {why}")

    def row(self, floor: Asked, calls: float) -> dict[str, Any]:
        """The figures beside those of the constant answer. CPU is the best batch's, latencies the median batch's: other
        work on the machine adds nothing to the one, and comes in bursts to the other."""
        cpu, least = judged(self.cpu), judged(floor.cpu)
        p50, p99 = median(self.p50), median(self.p99)
        halves = median(self.p50[::2]), median(self.p50[1::2])
        return {
            "page": self.page,
            "stage": self.stage,
            "cpu_us": round(cpu.best_s * 1e6, 2),
            "typical_us": round(cpu.typical_s * 1e6, 2),
            "floor_ratio": round(cpu.best_s / least.best_s, 3),
            "noise": cpu.noise,
            "p50_ms": round(p50 * 1000, 3),
            "p99_ms": round(p99 * 1000, 3),
            "p50_ratio": round(p50 / median(floor.p50), 3),
            "p99_ratio": round(p99 / median(floor.p99), 3),
            "p50_noise": round(max(halves) / min(halves) - 1, 4),
            "calls": calls,
        }
