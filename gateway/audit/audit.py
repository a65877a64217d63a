"""From operations to records."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from graphql import OperationType
from starlette.types import Scope

from domains.upstream import correlation_id
from domains.vocabulary import Refusal
from gateway.audit.mutations import mutates, mutation_fields, operation_name, refused_coordinates
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
        self._clock = clock
        self._scribe = Scribe(database_url, settings, clock=clock)
        self._thinning = Thinning()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write records until the context ends."""
        async with self._scribe.running():
            yield

    def of(self, caller: Caller, scope: Scope) -> CallersAuditor | None:
        """Who records what `caller` asks; None where nothing is to be recorded."""
        if not self._settings.enabled:
            return None
        return CallersAuditor(self._scribe, self._thinning, caller, scope, self._clock)


class CallersAuditor:
    """Records the mutations of one request, or of one message on a socket. A query costs it one look at its text."""

    def __init__(
        self, scribe: Scribe, thinning: Thinning, caller: Caller, scope: Scope, clock: Callable[[], float]
    ) -> None:
        self._scribe = scribe
        self._thinning = thinning
        self._caller = caller
        self._scope = scope
        self._clock = clock

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
            if mutates(asked, engine):
                self._scribe.keep_later(list(self._broken_off(asked, engine, notes)))
            raise
        finally:
            written.reset(token)
            self._scribe.expected -= 1
        if answer.kind is OperationType.MUTATION:
            if records := list(self._ran(asked, engine, answer, notes)):
                await self._scribe.keep(records)
        elif answer.is_request_error:
            await self.turned_away((asked,), engine, answer.code or "REFUSED")
        return answer

    async def turned_away(self, asked: Sequence[GraphQLRequest], engine: Engine, code: str) -> None:
        """Record the mutations among `asked`, of which none ran.

        Only for callers who said who they are: a stranger could write our disk full with refusals, and they would say
        nothing of anybody.
        """
        refused = [one for one in asked if mutates(one, engine)] if identified(self._caller) else []
        if not refused or (unrecorded := self._thinning.passed_over(self._caller.subject)) is None:
            return
        records = [
            self._record(one, engine, coordinate, Outcome.REFUSED, code=code, unrecorded=unrecorded)
            for one in refused
            for coordinate in refused_coordinates(mutation_fields(one, engine))
        ]
        if records:
            await self._scribe.keep(records)

    def _ran(
        self, asked: GraphQLRequest, engine: Engine, answer: Answer, notes: Mapping[str, Written]
    ) -> Iterator[AuditRecord]:
        codes = {str(path[0]): code_of(error) for error in answer.errors if len(path := _path(error)) == 1}
        for field, coordinate in mutation_fields(asked, engine).items():
            note = notes.get(field)
            if note is None and field not in codes and field not in (answer.data or {}):
                continue  # skipped by a directive, or one before it ended the operation
            yield self._record(asked, engine, coordinate, **_came_to(note, codes.get(field)), field=field)

    def _broken_off(self, asked: GraphQLRequest, engine: Engine, notes: Mapping[str, Written]) -> Iterator[AuditRecord]:
        for field, coordinate in mutation_fields(asked, engine).items():
            if (note := notes.get(field)) is not None:
                came_to = _came_to(note, None) if note.answer is not None else _unknown(note)
                yield self._record(asked, engine, coordinate, **came_to, field=field)

    def _record(
        self,
        asked: GraphQLRequest,
        engine: Engine,
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
            operation=operation_name(asked, engine),
            coordinate=coordinate,
            field=None if field is None else field[:NAME_MAX],
            document=hashlib.sha256(asked.query.encode("utf-8", "surrogatepass")).hexdigest(),
            key=None if note is None else note.key,
            outcome=outcome.value,
            answer=None if answer is None else type(answer).__name__,
            code=code,
            named=None if answer is None else _named(answer),
            replayed=note is not None and note.replayed,
            unrecorded=unrecorded,
        )


def _came_to(note: Written | None, code: str | None) -> dict[str, Any]:
    """What a mutation came to. Its own answer counts, whatever failed in showing it."""
    answer = None if note is None else note.answer
    if isinstance(answer, Refusal):
        return {"outcome": Outcome.REFUSED, "note": note, "code": answer.code}
    if code is not None and answer is None:
        return {"outcome": Outcome.FAILED, "note": note, "code": code}
    return {"outcome": Outcome.ACCEPTED, "note": note, "code": code}


def _unknown(note: Written) -> dict[str, Any]:
    return {"outcome": Outcome.UNKNOWN, "note": note, "code": "BROKEN_OFF"}


def _named(answer: object) -> str | None:
    found = {shown: str(value) for name, shown in _NAMED.items() if (value := getattr(answer, name, None)) is not None}
    return orjson.dumps(found).decode() if found else None


def _path(error: Fault) -> Sequence[object]:
    path = error.get("path")
    return path if isinstance(path, list) else ()
