"""Orders that were accepted and that the OMS does not have yet: read from the journal until it has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

import msgspec

from domains.durable import Durable, Flow, FlowQuery, FlowState
from domains.flows import is_ours, order_id_behind
from domains.orders import Order, Orders
from domains.vocabulary import EachByItself, Fetch, OrderId, Page, Reading, Record, UpstreamError
from resolvers.kept_answers import read_answer

K = TypeVar("K")

SOURCE = "journal"

_GIVEN_UP = frozenset({FlowState.COMPENSATED, FlowState.CANCELED})


def with_accepted(orders: Orders, durable: Durable) -> Orders:
    """The same, and what was accepted under an id or number of ours where the OMS finds none.

    A customer's list is the OMS's alone: an order joins it once it is taken, a moment later.
    """
    return replace(
        orders,
        by_id=_OrAccepted(orders.by_id, durable, lambda id_: id_ if is_ours(id_) else None),
        by_number=_OrAccepted(orders.by_number, durable, order_id_behind),
    )


class _OrAccepted(Generic[K]):
    """A Fetch of orders that looks for what `source` does not find among the accepted ones.

    The journal is asked only for ids that may have been made here, and not at all while the source fails: what was
    accepted then says nothing of how far it has come.
    """

    def __init__(self, source: Fetch[K, Order], durable: Durable, id_of: Callable[[K], OrderId | None]) -> None:
        self._source = source
        self._durable = durable
        self._id_of = id_of

    async def __call__(self, keys: frozenset[K], /) -> Mapping[K, Reading[Order]]:
        """What is known of the keys. Raises UpstreamError as the source does, and JournalUnavailable."""
        found = await self._source(keys)
        return {**found, **await self._accepted(keys - found.keys())}

    async def outcomes(self, keys: frozenset[K], /) -> Mapping[K, Reading[Order] | UpstreamError]:
        """As `__call__`, key by key: a failure of one spares the others."""
        found: Mapping[K, Reading[Order] | UpstreamError]
        if isinstance(self._source, EachByItself):
            found = await self._source.outcomes(keys)
        else:
            found = await self._source(keys)
        return {**found, **await self._accepted(keys - found.keys())}

    async def _accepted(self, keys: frozenset[K]) -> dict[K, Reading[Order]]:
        subjects = {key: f"Order:{id_}" for key in keys if (id_ := self._id_of(key)) is not None}
        if not subjects:
            return {}
        queries = {subject: FlowQuery(first=1, subject=subject, kind="order.submit") for subject in subjects.values()}
        answers, flows = await asyncio.gather(
            self._durable.answers(frozenset(subjects.values())),
            self._durable.flows_about(frozenset(queries.values())),
        )
        found: dict[K, Reading[Order]] = {}
        for key, subject in subjects.items():
            answer, page = answers.get(subject), flows.get(queries[subject])
            order = None if answer is None else _order(answer.value)
            if answer is not None and order is not None:
                shown = order if page is None else _as_it_stands(order, page.value)
                found[key] = Reading(shown, SOURCE, answer.tier, answer.observed_at, answer.max_age_s)
        return found


def _order(answer: bytes) -> Order | None:
    """The order that was answered; None when it was something else."""
    try:
        kept: Record = read_answer(answer, (Order,)).answer
    except LookupError:
        return None
    return kept if isinstance(kept, Order) else None


def _as_it_stands(order: Order, submissions: Page[Flow]) -> Order:
    """Canceled, when its submission was given up before the OMS had it."""
    if not any(flow.state in _GIVEN_UP for flow in submissions.items):
        return order
    return msgspec.structs.replace(order, facts=msgspec.structs.replace(order.facts, rejected=True))
