"""From operations to records."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext

import orjson
from graphql import OperationType
from starlette.types import Scope

from domains.upstream import correlation_id
from domains.vocabulary import Refusal
from gateway.audit.mutations import Changes, Texts, mutates, refused_coordinates
from gateway.audit.record import NAME_MAX, AuditRecord, Outcome
from gateway.audit.scribe import Scribe
from gateway.audit.settings import AuditSettings
from gateway.audit.thinning import Thinning
from gateway.engine import Answer, Engine, Fault, code_of
from gateway.http import GraphQLRequest
from resolvers.context import Caller
from resolvers.ownership import identified
from resolvers.written import Written, written

_CHANGES = "mutation"
"""No document changes anything without this word. That one with it may change nothing costs a few others a moment."""

_NAMED = {"id": "id", "order_id": "orderId", "rma_number": "rmaNumber", "number": "number"}
"""What an answer says of itself that is worth finding it by; nothing of a person."""


class Audit:
    """The audit log of a process."""

    def __init__(self, settings: AuditSettings, database_url: str, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self.clock = clock
        self.scribe = Scribe(database_url, settings, clock=clock)
        self.thinning = Thinning()
        self.texts = Texts()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write records until the context ends. Where there are to be none, nothing is opened to forget old ones."""
        async with self.scribe.running() if self._settings.enabled else nullcontext():
            yield

    def of(self, caller: Caller, scope: Scope) -> CallersAuditor | None:
        """Who records what `caller` asks; None where nothing is to be recorded."""
        if not self._settings.enabled:
            return None
        return CallersAuditor(self, caller, scope)


class CallersAuditor:
    """Records the mutations of one request, or of one message on a socket. A query costs it one look at its text."""

    def __init__(self, audit: Audit, caller: Caller, scope: Scope) -> None:
        self._scribe = audit.scribe
        self._thinning = audit.thinning
        self._texts = audit.texts
        self._clock = audit.clock
        self._caller = caller
        self._scope = scope

    def heard(self, asked: GraphQLRequest, engine: Engine, run: Awaitable[Answer]) -> Awaitable[Answer]:
        """What `run` answers, which has not begun yet, once what it changed is on record."""
        return self._recorded(asked, engine, run) if _CHANGES in asked.query else run

    async def _recorded(self, asked: GraphQLRequest, engine: Engine, run: Awaitable[Answer]) -> Answer:
        notes: dict[str, Written] = {}
        self._scribe.expected += 1
        token = written.set(notes)
        try:
            answer = await run
        except BaseException:  # whoever asked is gone, or the time is up: nobody knows what became of it
            if notes and mutates(asked, engine):
                self._scribe.keep_later(list(self._broken_off(self._texts.of(asked, engine), notes)))
            raise
        finally:
            written.reset(token)
            self._scribe.expected -= 1
        if answer.kind is OperationType.MUTATION:
            if records := list(self._ran(self._texts.of(asked, engine), answer, notes)):
                await self._scribe.keep(records)
        elif answer.is_request_error:
            await self.turned_away((asked,), engine, answer.code or "REFUSED")
        return answer

    async def turned_away(self, asked: Sequence[GraphQLRequest], engine: Engine, code: str) -> None:
        """Record the mutations among `asked`, of which none ran.

        Only for callers who said who they are: a stranger could write our disk full with refusals, and they would say
        nothing of anybody.
        """
        # The look at the text first: to be told more, the engine would have to read it for who may not ask.
        known = asked if identified(self._caller) else ()
        refused = [one for one in known if _CHANGES in one.query and mutates(one, engine)]
        if not refused or (unrecorded := self._thinning.passed_over(self._caller.subject)) is None:
            return
        records = [
            self._record(changes, coordinate, Outcome.REFUSED, code=code, unrecorded=unrecorded)
            for one in refused
            for changes in (self._texts.of(one, engine),)
            for coordinate in refused_coordinates(changes.fields)
        ]
        if records:
            await self._scribe.keep(records)

    def _ran(self, changes: Changes, answer: Answer, notes: Mapping[str, Written]) -> Iterator[AuditRecord]:
        codes = {str(path[0]): code_of(error) for error in answer.errors if len(path := _path(error)) == 1}
        for field, coordinate in changes.fields.items():
            note = notes.get(field)
            if note is None and field not in codes and field not in (answer.data or {}):
                continue  # skipped by a directive, or one before it ended the operation
            outcome, code = _came_to(note, codes.get(field))
            yield self._record(changes, coordinate, outcome, field=field, note=note, code=code)

    def _broken_off(self, changes: Changes, notes: Mapping[str, Written]) -> Iterator[AuditRecord]:
        for field, coordinate in changes.fields.items():
            if (note := notes.get(field)) is not None:
                outcome, code = _came_to(note, None) if note.answer is not None else (Outcome.UNKNOWN, "BROKEN_OFF")
                yield self._record(changes, coordinate, outcome, field=field, note=note, code=code)

    def _record(
        self,
        changes: Changes,
        coordinate: str,
        outcome: Outcome,
        *,
        field: str | None = None,
        note: Written | None = None,
        code: str | None = None,
        unrecorded: int = 0,
    ) -> AuditRecord:
        caller, client = self._caller, self._scope.get("client")
        answer = None if note is None else note.answer
        return AuditRecord(
            id=os.urandom(16).hex(),  # a UUID is no more, and takes four times as long
            at=self._clock(),
            subject=caller.subject,
            audience=caller.audience,
            customer=caller.customer_id,
            store=caller.store_id,
            client=client[0] if client else None,
            correlation_id=correlation_id.get(),
            operation=changes.operation,
            coordinate=coordinate,
            field=None if field is None else field[:NAME_MAX],
            document=changes.document,
            key=None if note is None else note.key,
            outcome=outcome.value,
            answer=None if answer is None else type(answer).__name__,
            code=code,
            named=None if answer is None else _named(answer),
            replayed=note is not None and note.replayed,
            unrecorded=unrecorded,
        )


def _came_to(note: Written | None, code: str | None) -> tuple[Outcome, str | None]:
    """What a mutation came to, and its code. Its own answer counts, whatever failed in showing it."""
    answer = None if note is None else note.answer
    if isinstance(answer, Refusal):
        return Outcome.REFUSED, answer.code
    if code is not None and answer is None:
        return Outcome.FAILED, code
    return Outcome.ACCEPTED, code


def _named(answer: object) -> str | None:
    found = {shown: str(value) for name, shown in _NAMED.items() if (value := getattr(answer, name, None)) is not None}
    return orjson.dumps(found).decode() if found else None


def _path(error: Fault) -> Sequence[object]:
    path = error.get("path")
    return path if isinstance(path, list) else ()
