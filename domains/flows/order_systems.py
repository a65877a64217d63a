"""What the flows of orders read and write, and what they make of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from domains.customers import CustomerWrites, HistoryNote
from domains.durable import Done, NeedsPerson, Refused, RetryAfter, outcome_of
from domains.finance import Finance, FinanceWrites
from domains.inventory import Inventory
from domains.loyalty import Loyalty, LoyaltyWrites
from domains.orders import Orders, OrderWrites
from domains.vocabulary import Fetch, IdempotencyKey, Money, OrderId, Record, UpstreamRejected, freshest_within

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True)
class OrderSystems:
    """The reads are the systems' own: what was remembered of a system does not say whether it has done a write."""

    orders: Orders
    order_writes: OrderWrites
    inventory: Inventory
    loyalty: Loyalty
    loyalty_writes: LoyaltyWrites
    finance: Finance
    finance_writes: FinanceWrites
    customer_writes: CustomerWrites


class OrderNews(Record, frozen=True, kw_only=True):
    """What the events of orders tell: whose and what, and nothing by which anybody could be reached."""

    order_id: OrderId
    order_number: str | None = None
    customer_id: str | None = None
    channel: str | None = None
    total: Money | None = None
    reason: str | None = None


async def one(fetch: Fetch[K, T], key: K) -> T | None:
    """What a system has under `key` now; None when there is no such thing. Raises UpstreamError."""
    with freshest_within(0):
        reading = (await fetch(frozenset({key}))).get(key)
    return None if reading is None else reading.value


def explained(error: UpstreamRejected, sentences: Mapping[str, str]) -> RetryAfter | Refused | NeedsPerson:
    """What a rejection means to a step, in our own words where `sentences` has some for its reason."""
    outcome = outcome_of(error)
    return Refused(outcome.code, sentences.get(outcome.code, outcome.why)) if isinstance(outcome, Refused) else outcome


async def noted(
    writes: CustomerWrites, note: HistoryNote, key: IdempotencyKey
) -> Done | RetryAfter | Refused | NeedsPerson:
    """Write a line of a customer's history; a customer whom the CRM does not have, has none."""
    try:
        entry = await writes.note(note, key)
    except UpstreamRejected as error:
        return Done() if error.reason == "CUSTOMER_NOT_FOUND" else outcome_of(error)
    return Done(reference=entry.id)


async def note_of(writes: CustomerWrites, note: HistoryNote) -> Done | None:
    """The line that says the same of the same thing, if it is there."""
    history = await one(writes.history, note.customer_id) or ()
    same = (entry for entry in history if (entry.kind, entry.about) == (note.kind, note.about))
    entry = next(same, None)
    return None if entry is None else Done(reference=entry.id)


async def entry_of(writes: LoyaltyWrites, key: IdempotencyKey) -> Done | None:
    """What was written under `key`, by the ledger of the engine itself."""
    entry = await one(writes.entries, str(key))
    return None if entry is None else Done(entry, entry.id)
