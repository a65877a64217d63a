"""The answers of one process: asked for before an operation runs, and told what the caches read and forget."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.answers.question import Operation, Question, canonical
from gateway.answers.run import End, Run, recorded
from gateway.answers.settings import AnswerSettings
from gateway.answers.store import Store
from gateway.answers.whole import Whole

T = TypeVar("T")

OPERATIONS_MAX = 4096
"""Queries of trusted documents in use, times callers without a name, of whom there is one. Half a KiB each."""
ROUNDS_MAX = 3
"""Runs that somebody waits for before they run by themselves: callers who leave, and news that overtakes a run, come
one after another only by chance."""
ANSWER_S = 0.05
"""Kept back from a caller's time, to make an answer within it from what there is when the run of another takes long."""


@dataclass(slots=True)
class Counts:
    """Since the start: answers that were handed out as they were `kept`, or of a run that others began (`shared`), runs
    that were made (`runs`), and answers that news of what they were made of has `dropped`."""

    kept: int = 0
    shared: int = 0
    runs: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """What a run made: its caller's `own` answer, and the same as a `whole` for others if it is public.

    `reads` are the shelves that it asked. It is kept only if all of them told what was read there: nobody could say of
    anything else when it stops being true.
    """

    own: T
    whole: Whole | None = None
    reads: Collection[str] = ()


class Answers:
    """One per process. It is a `cache.Witness`. `clock` gives seconds since the epoch."""

    def __init__(self, settings: AnswerSettings, clock: Callable[[], float] = time.time) -> None:
        self.counts = Counts()
        self.clock = clock
        self._enabled = settings.enabled
        self._store = Store(settings.bytes_max, settings.answer_bytes_max)
        self._operations: dict[Hashable, Operation] = {}
        self._running: set[Run] = set()
        self._led: dict[Question, Run] = {}

    def question(
        self,
        caller: Hashable,
        path: Hashable,
        document: str,
        operation: str | None,
        variables: Mapping[str, object] | None,
        *,
        is_query: Callable[[], bool],
    ) -> Question | None:
        """What is asked, or None where no answer can be kept. `is_query` is called for an operation not seen before:
        names of none are made up at will, and not remembered."""
        if not self._enabled:
            return None
        place = (caller, path, document, operation)
        known = self._operations.get(place)
        if known is None:
            if not is_query():
                return None
            if len(self._operations) >= OPERATIONS_MAX:
                del self._operations[next(iter(self._operations))]
            known = self._operations[place] = Operation()
        text = canonical(variables)
        return None if text is None else Question(known, text)

    def look(self, question: Question) -> Whole | None:
        """The same as `kept`, for whoever does not hand it out yet."""
        return self._store.get(question, self.clock())

    def kept(self, question: Question) -> Whole | None:
        """The answer, if it is kept and good."""
        whole = self._store.get(question, self.clock())
        if whole is not None:
            self.counts.kept += 1
        return whole

    async def ask(
        self, question: Question, make: Callable[[], Awaitable[Made[T]]], remaining_s: Callable[[], float]
    ) -> T | Whole:
        """A `whole` that is kept, or that another caller is having made at this moment; else what `make` makes.

        Whoever waits does so within their own time (`remaining_s`). Raises what `make` raises.
        """
        if (whole := self.kept(question)) is not None:
            return whole
        for _ in range(ROUNDS_MAX):
            run = self._led.get(question)
            if run is None:
                return await self._run(question, make, leads=question.operation.shared)
            await asyncio.wait((run.ended,), timeout=max(0.0, remaining_s() - ANSWER_S))
            if not run.ended.done():
                break
            # Looked for and not handed over: what was made may have been forgotten before we had our turn.
            if (whole := self._store.get(question, self.clock())) is not None:
                self.counts.shared += 1
                return whole
            if run.ended.result() is End.OWN:
                break
        return await self._run(question, make, leads=False)

    def read(self, shelf: str, keys: Collection[str], fresh_s: float) -> None:
        """`keys` of a shelf are being read by the task of the moment, and would be read anew after `fresh_s`."""
        run = recorded.get()
        if run is not None:
            run.note(shelf, keys, self.clock() + fresh_s)

    def forgotten(self, shelf: str, keys: Collection[str]) -> None:
        """`keys` of a shelf are not true any more: neither is what was made of them, or is being made."""
        self.counts.dropped += self._store.forget(shelf, keys)
        for run in self._running:
            run.forgotten(shelf, keys)
        self._part()

    def lost(self) -> None:
        """Anything may not be true any more."""
        self.counts.dropped += self._store.clear()
        for run in self._running:
            run.overtaken = True
        self._part()

    def _part(self) -> None:
        """From here on nobody joins a run that was overtaken."""
        for question in [question for question, run in self._led.items() if run.overtaken]:
            del self._led[question]

    async def _run(self, question: Question, make: Callable[[], Awaitable[Made[T]]], *, leads: bool) -> T:
        run, end = Run(), End.OWN
        self.counts.runs += 1
        self._running.add(run)
        if leads:
            self._led[question] = run
        token = recorded.set(run)
        try:
            made = await make()
            end = self._settled(question, run, made)
        except asyncio.CancelledError:
            end = End.LEFT
            raise
        finally:
            recorded.reset(token)
            self._running.discard(run)
            if self._led.get(question) is run:
                del self._led[question]
            run.ended.set_result(end)
        return made.own

    def _settled(self, question: Question, run: Run, made: Made[T]) -> End:
        """Keep what may be kept. What was overtaken says nothing of the operation: the next run may be shared."""
        whole = made.whole
        if whole is not None and run.overtaken:
            return End.LEFT
        kept = False
        if whole is not None and run.read.keys() >= set(made.reads):
            until = min(whole.lifetime.good_until, run.until)
            kept = until > self.clock() and self._store.put(question, whole, run.read, until)
        question.operation.shared = kept
        return End.KEPT if kept else End.OWN
