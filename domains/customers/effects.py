"""What slow writes tell the CRM. Only flows call these: nobody waits for them in a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domains.vocabulary import CustomerId, Fetch, IdempotencyKey, Instant, Record


class HistoryNote(Record, frozen=True, kw_only=True):
    """One line of a customer's history. `about` is a public id ("Order:web-17"), `kind` as in "order.submitted"."""

    customer_id: CustomerId
    kind: str
    about: str
    text: str
    occurred_at: Instant


class HistoryEntry(HistoryNote, frozen=True, kw_only=True):
    """A note as the CRM keeps it."""

    id: str


@dataclass(frozen=True)
class CustomerWrites:
    """`note` raises UpstreamRejected when the CRM says no; `reason` is then CUSTOMER_NOT_FOUND or
    IDEMPOTENCY_CONFLICT. `history` is every note of a customer, oldest first, a thousand at most."""

    note: Callable[[HistoryNote, IdempotencyKey], Awaitable[HistoryEntry]]
    history: Fetch[CustomerId, tuple[HistoryEntry, ...]]
