"""Returns that were promised while the OMS was down: read from the journal until the OMS has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

import msgspec

from domains.durable import OVER, Durable, Flow, FlowQuery, StepState
from domains.flows import RECORD_RETURN, RETURN_AUTHORIZE
from domains.returns import ReturnAuthorization, Returns, ReturnStatus, may_be_promised, promised_return
from domains.vocabulary import EachByItself, Fetch, Reading, ReturnId, UpstreamError
from resolvers.kept_answers import read_answer

K = TypeVar("K")


def with_promised(returns: Returns, durable: Durable) -> Returns:
    """The same, and what was promised under an id or number of ours where the OMS finds none, or cannot be asked.

    The lists of an order and of a customer are the OMS's alone: a promised return joins them once it is recorded.
    """
    return replace(
        returns,
        by_id=_OrPromised(returns.by_id, returns.by_id, durable, _by_id),
        by_rma=_OrPromised(returns.by_rma, returns.by_id, durable, promised_return),
    )


def _by_id(return_id: ReturnId) -> ReturnId | None:
    return return_id if may_be_promised(return_id) else None


class _OrPromised(Generic[K]):
    """A Fetch of returns that looks among the promised ones for what `source` does not find or cannot say.

    The journal is asked only for names that may have been given at a desk, and answers only for a return that it does
    not know to be recorded: from then on the OMS alone says how far it has come. Its number may then be another than
    the promised one, if the OMS had recorded the first try unheard; so a number that is not found is tried as an id.
    """

    def __init__(
        self,
        source: Fetch[K, ReturnAuthorization],
        by_id: Fetch[ReturnId, ReturnAuthorization],
        durable: Durable,
        id_of: Callable[[K], ReturnId | None],
    ) -> None:
        self._source = source
        self._by_id = by_id
        self._durable = durable
        self._id_of = id_of

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[ReturnAuthorization]]:
        """What is known of the keys. Raises UpstreamError as the source does, and JournalUnavailable."""
        found: dict[K, Reading[ReturnAuthorization]] = {}
        for key, outcome in (await self.outcomes(keys)).items():
            if isinstance(outcome, UpstreamError):
                raise outcome.with_traceback(None)  # it may be raised again for another caller
            found[key] = outcome
        return found

    async def outcomes(self, keys: frozenset[K], /) -> Mapping[K, Reading[ReturnAuthorization] | UpstreamError]:
        """As `__call__`, key by key: a failure of one spares the others."""
        told = dict(await _outcomes(self._source, keys))
        names = {
            key: id_ for key in keys if not isinstance(told.get(key), Reading) and (id_ := self._id_of(key)) is not None
        }
        if not names:
            return told
        if self._by_id is not self._source:
            recorded = await _outcomes(self._by_id, frozenset(names.values()))
            told |= {key: recorded[id_] for key, id_ in names.items() if id_ in recorded}
            names = {key: id_ for key, id_ in names.items() if not isinstance(told.get(key), Reading)}
        promised = await self._promised(frozenset(names.values()))
        return told | {key: promised[id_] for key, id_ in names.items() if id_ in promised}

    async def _promised(self, ids: frozenset[ReturnId]) -> dict[ReturnId, Reading[ReturnAuthorization]]:
        if not ids:
            return {}
        subjects = {id_: f"ReturnAuthorization:{id_}" for id_ in ids}
        queries = {id_: FlowQuery(first=1, subject=about, kind=RETURN_AUTHORIZE) for id_, about in subjects.items()}
        answers, flows = await asyncio.gather(
            self._durable.answers(frozenset(subjects.values())),
            self._durable.flows_about(frozenset(queries.values())),
        )
        found: dict[ReturnId, Reading[ReturnAuthorization]] = {}
        for id_, about in subjects.items():
            answer, page = answers.get(about), flows.get(queries[id_])
            if answer is None or page is None or not page.value.items:
                continue
            shown = _as_it_stands(_return(answer.value), page.value.items[0])
            if shown is not None:
                found[id_] = Reading(shown, answer.source, answer.tier, answer.observed_at, answer.max_age_s)
        return found


async def _outcomes(
    fetch: Fetch[K, ReturnAuthorization], keys: frozenset[K]
) -> Mapping[K, Reading[ReturnAuthorization] | UpstreamError]:
    if isinstance(fetch, EachByItself):
        return await fetch.outcomes(keys)
    try:
        return await fetch(keys)
    except UpstreamError as error:
        return dict.fromkeys(keys, error)


def _return(answer: bytes) -> ReturnAuthorization | None:
    """The return that was answered; None when it was something else."""
    try:
        kept = read_answer(answer, (ReturnAuthorization,)).answer
    except LookupError:
        return None
    return kept if isinstance(kept, ReturnAuthorization) else None


def _as_it_stands(promised: ReturnAuthorization | None, flow: Flow) -> ReturnAuthorization | None:
    """The promise; canceled, when it was given up before the OMS had it. None once the OMS has had it."""
    step = next((step for step in flow.steps if step.name == RECORD_RETURN), None)
    recorded = step is None or step.state in (StepState.DONE, StepState.UNDONE)
    if promised is None or not promised.provisional or recorded:
        return None
    return msgspec.structs.replace(promised, status=ReturnStatus.CANCELED) if flow.state in OVER else promised
