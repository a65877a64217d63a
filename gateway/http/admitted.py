"""A caller who was let in: what the door decided about them, their turn at the gate, and one operation run for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from types import TracebackType
from typing import Protocol

import msgspec
from starlette.types import Scope

from domains.upstream import Deadline, path_scope
from domains.vocabulary import ServingPath
from gateway.answers import Lifetime
from gateway.engine import Answer, Engine, Toll
from gateway.http.auditing import Auditor
from gateway.http.errors import HttpFault
from gateway.http.request import GraphQLRequest
from gateway.limits import Refused
from gateway.paths import document_path
from gateway.permits import NOBODY, Held

Turns = Callable[[int], AbstractAsyncContextManager[Toll | None]]
"""The turn of a request with so many operations, 0 for one that the house asks itself for a stream. Entering it raises
Refused; what it gives is asked before each operation runs."""


class Passing(Protocol):
    """Counts one operation for which nothing has to run, as its turn would."""

    def passes(self) -> bool:
        """Count it, if that can be done at once. False where it cannot, or is refused: nothing was counted then."""

    async def pass_by(self) -> None:
        """Count it, however long that takes. Raises Refused."""


def free(_: int) -> AbstractAsyncContextManager[Toll | None]:
    """No limits."""
    return nullcontext(None)


def _nothing(_: Answer) -> Mapping[str, object]:
    return {}


def _unknown() -> None:
    return None


def _no() -> bool:
    return False


class Admitted(msgspec.Struct, frozen=True):
    """A caller who may ask: the context the resolvers get, and what the door decided about the caller.

    `engine` is the caller's view of the schema, None for the endpoint's own; `path` is on whose time the answer is
    made, None where no path is shut to any system; `owner` is whose the request is, None for callers who share a name;
    `held` is what the caller brings to fields that ask for it; `trusted_only` lets no documents run but those that are
    trusted, `turn` is the caller's at the gate, and `passing` the same for what is kept, None where that is given only
    to who has had a turn; `auditor` hears of every operation; `caller` is all that an answer
    may know of who asks, None for callers whose answers are given to nobody else.
    The others are asked once the operation has run: what `extensions` says goes out as `extensions` of the response,
    `lifetime` is how long the answer is good for, None when nobody can say, `may_be_shared` whether a cache may hand it
    to others who ask the same, `shared_reads` the names of the public reads it is made of, and `replayed` whether a
    part of it was done for an earlier request.
    """

    context: object
    engine: Engine | None = None
    may_introspect: bool = False
    path: ServingPath | None = None
    owner: str | None = None
    held: Held = NOBODY
    trusted_only: bool = False
    turn: Turns = free
    passing: Passing | None = None
    auditor: Auditor | None = None
    caller: Hashable = None
    extensions: Callable[[Answer], Mapping[str, object]] = _nothing
    lifetime: Callable[[], Lifetime | None] = _unknown
    may_be_shared: Callable[[], bool] = _no
    shared_reads: Callable[[], Collection[str]] = frozenset
    replayed: Callable[[], bool] = _no


def check_trusted(asked: GraphQLRequest) -> None:
    """Raises HttpFault (403) for a document that a caller may not send who runs trusted ones only."""
    if not asked.trusted:
        told = "This caller may run trusted documents only: name one by its documentId, or by its sha256Hash."
        raise HttpFault(403, "DOCUMENT_NOT_TRUSTED", told)


def let_in(
    engine: Engine, asked: Sequence[GraphQLRequest], admitted: Admitted, operations: int | None = None
) -> AbstractAsyncContextManager[Toll | None]:
    """The caller's turn with `asked`; `operations` are how many of them count, by default all.

    Entering it raises HttpFault (403) for a document that they may not send, and Refused.
    """
    return _Entry(engine, asked, admitted, len(asked) if operations is None else operations)


class _Entry:
    """A turn at the gate, of which the auditor hears when it is refused."""

    __slots__ = ("_admitted", "_asked", "_engine", "_turn")

    def __init__(self, engine: Engine, asked: Sequence[GraphQLRequest], admitted: Admitted, operations: int) -> None:
        self._engine = admitted.engine or engine
        self._asked = asked
        self._admitted = admitted
        self._turn = admitted.turn(operations)

    async def __aenter__(self) -> Toll | None:
        try:
            if self._admitted.trusted_only:
                for one in self._asked:
                    check_trusted(one)
            return await self._turn.__aenter__()
        except (HttpFault, Refused) as refused:
            if (auditor := self._admitted.auditor) is not None:
                code = refused.code if isinstance(refused, HttpFault) else refused.refusal.code
                await auditor.turned_away(self._asked, self._engine, code)
            raise

    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Coroutine[object, object, bool | None]:
        return self._turn.__aexit__(kind, error, trace)


def run(
    engine: Engine,
    asked: GraphQLRequest,
    admitted: Admitted,
    toll: Toll | None,
    *,
    only_query: bool,
    occasion: object | None = None,
) -> Awaitable[Answer]:
    """Run one operation for a caller, on the path that its document says it is on if the caller may have that."""
    path = document_path(admitted.path, asked.path)
    engine = admitted.engine or engine
    ask = engine.run(
        asked.query,
        asked.variables,
        asked.operation_name,
        admitted.context,
        only_query,
        may_introspect=admitted.may_introspect,
        path=path,
        occasion=occasion,
        toll=toll,
        held=admitted.held,
        comes_again=asked.trusted,
    )
    if path is not None and path is not admitted.path:
        ask = _on(path, ask)
    return ask if admitted.auditor is None else admitted.auditor.heard(asked, engine, ask)


async def _on(path: ServingPath, ask: Coroutine[object, object, Answer]) -> Answer:
    with path_scope(path):
        return await ask


OpenContext = Callable[[Scope, Deadline], AbstractAsyncContextManager[Admitted]]
"""Opens the context of one request and closes it when the request has ended, however it ended. To turn a caller away
it raises Unauthenticated (401) or any HttpFault."""
