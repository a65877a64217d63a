"""The steps of the two slow writes, by what they ask of whom: where to stop them is known to the call."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.crash.journal import JournalRows
from tests.crash.processes import LOOK_AGAIN_S, Program
from tests.crash.stage import Stage

WITHIN_S = 30.0
EFFECT_WITHIN_S = 0.2
SYSTEMS = ("ERP", "OMS", "LOYALTY", "CRM")


@dataclass(frozen=True, slots=True)
class StepOf:
    """A step, the system that it asks, and the endpoint by which it is done."""

    name: str
    system: str
    path: str


ORDER_STEPS = (
    StepOf("check-points", "LOYALTY", "/v1/redemptions/lookup"),
    StepOf("take-order", "OMS", "/v1/orders"),
    StepOf("capture-points", "LOYALTY", "/v1/redemptions/{id}/capture"),
    StepOf("post-sales-order", "ERP", "/v1/sales-orders"),
    StepOf("accrue-points", "LOYALTY", "/v1/accruals"),
    StepOf("note-history", "CRM", "/v1/history"),
)
RETURN_STEPS = (
    StepOf("record-return", "OMS", "/v1/returns"),
    StepOf("reverse-points", "LOYALTY", "/v1/accruals/reversals"),
    StepOf("post-credit-memo", "ERP", "/v1/credit-memos"),
    StepOf("note-history", "CRM", "/v1/history"),
)


class Moment(enum.Enum):
    """When inside a step its worker is killed: before the system has done it, or after, with the answer on its way."""

    ASKED = "asked"
    DONE = "done"


_FAULT: dict[Moment, dict[str, float]] = {Moment.ASKED: {"stall_s": 600}, Moment.DONE: {"drip_ms_per_byte": 10_000}}


class Killer:
    """Kills the only worker of a flow of one kind, between all of its steps and inside each of them.

    A flow stands still before a step whose system takes none at once.
    """

    def __init__(self, stage: Stage, journal: JournalRows, worker: Program, kind: str) -> None:
        self._stage = stage
        self._journal = journal
        self._worker = worker
        self._kind = kind
        self.kills = 0

    def hold_all(self) -> None:
        """Nothing begins."""
        for system in SYSTEMS:
            self._journal.let_begin(system, 0)

    def let_all(self) -> None:
        """What the settings say."""
        for system in SYSTEMS:
            self._journal.let_begin(system, None)

    def kill_before(self, step: StepOf) -> None:
        """Between the step before, which is written down, and this one."""
        self._until_it_stands_before(step)
        self._kill()
        self._worker.start()

    def kill_inside(self, step: StepOf, moment: Moment) -> None:
        """While the system is asked; then another worker finds the step and does it, or sees that it is done."""
        self._until_it_stands_before(step)
        self._stage.fail(step.system, endpoints=[step.path], **_FAULT[moment])
        asked = self._stage.asked(step.system, step.path)
        self._journal.let_begin(step.system, None)
        self._until(lambda: self._stage.asked(step.system, step.path) > asked, f"{step.name} asks {step.system}")
        if moment is Moment.DONE:
            time.sleep(EFFECT_WITHIN_S)  # the call is counted as it comes in; what it asks for follows at once
        self._kill()
        self._stage.fail(step.system)
        self._worker.start()

    def until_it_has_left(self, step: StepOf) -> None:
        """Wait for the step to be done, and let its system begin nothing more."""
        self._until(lambda: self._journal.standing(self._kind)[1] != step.name, f"{step.name} is done")
        self._journal.let_begin(step.system, 0)

    def _kill(self) -> None:
        self._worker.kill()
        self.kills += 1

    def _until_it_stands_before(self, step: StepOf) -> None:
        def there() -> bool:
            state, at, _ = self._journal.standing(self._kind)
            return at == step.name and state != "RUNNING"

        self._until(there, f"it stands before {step.name}")

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not is_so():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {WITHIN_S:.0f} s: {what}; {self._journal.unfinished()}")
            time.sleep(LOOK_AGAIN_S)
