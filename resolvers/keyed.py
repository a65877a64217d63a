"""Keyed mutations: a write is carried out once for a key, and a repeat is answered as the first was.

A write goes to its system under the scoped key. So when a process ends between the write and the ledger, the repeat
writes again under the same key, which changes nothing more, and hears the same answer.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final, TypeVar
from uuid import uuid4

from graphql import FieldNode

from domains.durable import (
    Accepted,
    Begun,
    InFlight,
    JournalFull,
    JournalUnavailable,
    OtherInput,
    RetryLater,
    Submission,
    Write,
)
from domains.upstream import correlation_id
from domains.vocabulary import (
    BackendUnavailable,
    FreshnessTier,
    IdempotencyConflict,
    IdempotencyKey,
    InvalidInput,
    Reading,
    Record,
    Refusal,
    SystemRole,
    key_conflict,
)
from resolvers.batching import place_of
from resolvers.context import Caller, Context, Info
from resolvers.kept_answers import fingerprint, read_answer, written_answer
from resolvers.written import Written, written

T = TypeVar("T", bound=Record)

KEY_MAX: Final = 255
KEY_DESCRIPTION: Final = (
    f"Names this request, 1 to {KEY_MAX} characters: a repeat with the same key and input changes nothing more and is "
    "answered as the first was. Without it, the Idempotency-Key header of the request is taken."
)

header_key: ContextVar[str | None] = ContextVar("retailgraph_header_key", default=None)
"""The `Idempotency-Key` of the request being answered, set at the door.

No field of the Context, because it says nothing of the caller or the house and only this file reads it. The door sets
it in the task that answers the one request, and the tasks below inherit it, so no other request can see it.
"""

_PATH: Final = ("input", "idempotencyKey")

_ASIDE: Final = (IdempotencyConflict, BackendUnavailable, RetryLater)
"""Refusals that do not answer the request itself: they are never kept, whatever they say of repeating it."""


async def once(  # noqa: PLR0917 - the six things that make a keyed mutation, each of another type
    info: Info,
    operation: str,
    given_key: str | None,
    input_: object,
    answers: tuple[type[Record], ...],
    work: Callable[[IdempotencyKey], Awaitable[T | Accepted[T] | Refusal]],
) -> T | Refusal:
    """What `work` answers, or what it answered when the same caller sent the same key and input before.

    `input_` is the Strawberry input object. `answers` are the records that may be kept: values and final refusals.
    `work` is given the key for outside systems; what it raises, and a refusal that may pass, is kept by nobody.
    Raises InvalidInput for a key that is missing or too long, JournalUnavailable, and what `work` raises.
    """
    context, key = info.context, _given(info, given_key)
    note = Written(key)
    if (notes := written.get()) is not None:
        notes[place_of(info.path)] = note
    write = Write(
        key=scoped_key(context.caller, operation, key),
        fingerprint=fingerprint(input_),
        operation=operation,
        caller=context.caller.subject,
    )
    note.answer = answer = await _answer(info, write, note, answers, work)
    return answer


async def _answer(
    info: Info,
    write: Write,
    note: Written,
    answers: tuple[type[Record], ...],
    work: Callable[[IdempotencyKey], Awaitable[T | Accepted[T] | Refusal]],
) -> T | Refusal:
    context = info.context
    begun = await context.retail.durable.begin(write)
    if isinstance(begun, OtherInput):
        return key_conflict()
    if isinstance(begun, InFlight):
        return _later("The same request is being carried out.", begun.retry_after_s)
    if isinstance(begun, Begun):
        return await _carried_out(context, write, answers, work)
    kept = read_answer(begun.answer, answers)
    context.loaders.provenance.replayed[place_of(info.path)] = kept.answered_at
    note.replayed = True
    return kept.answer  # type: ignore[return-value]  # of the types in `answers`, as `work` wrote it


def as_read(info: Info, answer: T, system: SystemRole) -> Reading[T]:
    """What `once` answered, with its freshness: heard from `system` just now, or as long ago as the first answer."""
    context = info.context
    answered_at = context.loaders.provenance.replayed.get(place_of(info.path))
    return Reading(
        value=answer,
        source=system.value.lower(),
        tier=FreshnessTier.LIVE if answered_at is None else FreshnessTier.STALE_OK,
        observed_at=context.loaders.now.timestamp() if answered_at is None else answered_at,
        max_age_s=0.0,
    )


def scoped_key(caller: Caller, operation: str, given: str) -> IdempotencyKey:
    """The caller's key, made unlike any other caller's, and unlike its own for another operation."""
    scope = "\0".join((caller.subject, operation, given))
    return IdempotencyKey(hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest())


def _given(info: Info, given: str | None) -> str:
    """The key in the input, or else the header's. Raises InvalidInput."""
    key = header_key.get() if given is None else given
    if key is None:
        raise InvalidInput(
            "A change needs an idempotency key: send one as idempotencyKey, or in the Idempotency-Key header.",
            _PATH,
        )
    if not 1 <= len(key) <= KEY_MAX or not key.isprintable():
        raise InvalidInput(f"An idempotency key has 1 to {KEY_MAX} printable characters.", _PATH)
    if given is not None:
        return given
    # One header names the whole document; of several mutations in it each is a write of its own.
    chosen = info.operation.selection_set.selections
    alone = len(chosen) == 1 and isinstance(chosen[0], FieldNode)
    return key if alone else f"{key}\0{info.path.key}"


async def _carried_out(
    context: Context,
    write: Write,
    answers: tuple[type[Record], ...],
    work: Callable[[IdempotencyKey], Awaitable[T | Accepted[T] | Refusal]],
) -> T | Refusal:
    durable = context.retail.durable
    try:
        answer = await work(write.key)
        value = answer.answer if isinstance(answer, Accepted) else answer
        passing = isinstance(value, Refusal) and (value.retryable or isinstance(value, _ASIDE))
        kept = b"" if passing else written_answer(value, answers, context.loaders.now)
    except BaseException:  # the client may go away too: its repeat shall not have to wait
        await _give_back(context, write)
        raise
    finally:
        context.loaders.forget()
    if passing:
        await _give_back(context, write)
        return value
    flow = _submission(answer) if isinstance(answer, Accepted) else None
    try:
        await durable.settle(write, kept, flow)
    except JournalFull as full:
        await _give_back(context, write)
        return _later("There is more to be done than is taken on.", full.retry_after_s)
    except JournalUnavailable:
        if flow is not None:
            raise
        # What was written stands, so the caller hears of it. Until the key is kept, a repeat asks the system again.
    return value


async def _give_back(context: Context, write: Write) -> None:
    try:
        await context.retail.durable.abandon(write)
    except JournalUnavailable:
        return  # the key comes back when its lease is over


def _submission(accepted: Accepted[T]) -> Submission:
    return Submission(
        flow_id=accepted.flow_id,
        kind=accepted.kind,
        command=accepted.command,
        correlation_id=correlation_id.get() or uuid4().hex,
    )


def _later(why: str, wait_s: float) -> RetryLater:
    seconds = math.ceil(wait_s)
    return RetryLater(
        message=f"{why} Try again in {seconds} s with the same idempotency key: it is safe.",
        retryable=True,
        retry_after_seconds=seconds,
    )
