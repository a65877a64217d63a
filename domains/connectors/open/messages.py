"""The bodies of the open role contracts that are not canonical models themselves.

Answers hold canonical models (`domains.<slice>.model`), decoded without an intermediate form. Asks are lists of keys,
because every read is a batch.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from msgspec import Meta

from domains.finance import PostingSubject
from domains.loyalty import LoyaltyLedgerEntry, RedemptionState
from domains.orders import OrderStatus
from domains.promotions import Basket
from domains.returns import ReceivedLine
from domains.vocabulary import (
    FEED_PAGE_MAX,
    CustomerId,
    Instant,
    LocationId,
    MembershipId,
    OrderId,
    Page,
    Record,
    RedemptionId,
    ReturnId,
    Sequenced,
    Sku,
    SystemRole,
)

T = TypeVar("T")

KEYS_MAX = 500
"""Most keys one call may hold. More keys become several calls."""

QUESTIONS_MAX = 50
"""Most baskets one evaluation may hold."""

CURSOR_MAX = 500
"""Most characters of a feed's cursor."""

REASON_MAX = 1000
"""Most characters of a reason given in words."""

Keys = Annotated[tuple[T, ...], Meta(max_length=KEYS_MAX)]
First = Annotated[int, Meta(ge=1, le=100)]


class Problem(Record, frozen=True, kw_only=True):
    """RFC 9457 problem details, as `application/problem+json`. `code` is for programs, `detail` for people."""

    title: str
    status: int
    code: str | None = None
    detail: str | None = None


class Found(Record, Generic[T], frozen=True, kw_only=True):
    """Answer of a lookup: what was found, in any order; each item holds its own key. `asOf` is when it was true."""

    items: tuple[T, ...]
    as_of: Instant


class Pages(Record, Generic[T], frozen=True, kw_only=True):
    """Answer of a search: one page per query, in the order of the queries."""

    pages: tuple[Page[T], ...]
    as_of: Instant


class Answers(Record, Generic[T], frozen=True, kw_only=True):
    """Answer of an evaluation: one answer per question, in the order of the questions."""

    answers: tuple[T, ...]
    as_of: Instant


class FeedAsk(Record, frozen=True, kw_only=True):
    """One page of everything of a kind, or of what changed at or after `changedSince`.

    `after` is the `next` of the page before; null begins. An entity comes once in a walk unless it changes meanwhile.
    """

    limit: Annotated[int, Meta(ge=1, le=FEED_PAGE_MAX)] = FEED_PAGE_MAX
    after: Annotated[str, Meta(max_length=CURSOR_MAX)] | None = None
    changed_since: Instant | None = None


class Feed(Record, Generic[T], frozen=True, kw_only=True):
    """Answer of a feed. `next` is null on the last page, `total` roughly how many items the whole walk has.

    A change made before the `asOf` of a walk's first page is in that walk; whatever is not comes in a walk whose
    `changedSince` is that `asOf`.
    """

    items: tuple[Sequenced[T], ...]
    next: Annotated[str, Meta(max_length=CURSOR_MAX)] | None = None
    total: int | None = None
    as_of: Instant


class SkuAsk(Record, frozen=True, kw_only=True):
    skus: Keys[Sku]


class LocationAsk(Record, frozen=True, kw_only=True):
    ids: Keys[LocationId]


class OrderAsk(Record, frozen=True, kw_only=True):
    order_ids: Keys[OrderId]


class OrderNumberAsk(Record, frozen=True, kw_only=True):
    order_numbers: Keys[str]


class CustomerAsk(Record, frozen=True, kw_only=True):
    customer_ids: Keys[CustomerId]


class MembershipAsk(Record, frozen=True, kw_only=True):
    membership_ids: Keys[MembershipId]


class RedemptionAsk(Record, frozen=True, kw_only=True):
    redemption_ids: Keys[RedemptionId]


class ReturnAsk(Record, frozen=True, kw_only=True):
    return_ids: Keys[ReturnId]


class RmaAsk(Record, frozen=True, kw_only=True):
    rma_numbers: Keys[str]


class ReservationAsk(Record, frozen=True, kw_only=True):
    reservation_ids: Keys[str]


class StockItem(Record, frozen=True, kw_only=True):
    """`locationId` null asks for the sum over all locations that ship."""

    sku: Sku
    location_id: LocationId | None


class StockAsk(Record, frozen=True, kw_only=True):
    keys: Keys[StockItem]


class PostingItem(Record, frozen=True, kw_only=True):
    subject: PostingSubject
    id: str


class PostingAsk(Record, frozen=True, kw_only=True):
    keys: Keys[PostingItem]


class CustomerKeyItem(Record, frozen=True, kw_only=True):
    """An email address (`system` null) or another system's key."""

    system: SystemRole | None
    value: str


class ResolveAsk(Record, frozen=True, kw_only=True):
    keys: Keys[CustomerKeyItem]


class ResolvedCustomer(Record, frozen=True, kw_only=True):
    system: SystemRole | None
    value: str
    customer_id: CustomerId


class OrderSearchItem(Record, frozen=True, kw_only=True):
    """Newest first. `after` is the id of the last order seen.

    `status` is the canonical one, made by precedence: rejected CANCELED; blocked ON_HOLD; inReview MANUAL_REVIEW;
    lifecycle COMPLETED gives COMPLETED; delivery FULL gives SHIPPED; delivery PARTIAL gives PROCESSING; else the
    lifecycle itself.
    """

    customer_id: CustomerId
    first: First
    after: OrderId | None = None
    status: OrderStatus | None = None


class OrderSearch(Record, frozen=True, kw_only=True):
    queries: Keys[OrderSearchItem]


class ReturnSearchItem(Record, frozen=True, kw_only=True):
    """Newest first. `after` is the id of the last return seen."""

    customer_id: CustomerId
    first: First
    after: ReturnId | None = None


class ReturnSearch(Record, frozen=True, kw_only=True):
    queries: Keys[ReturnSearchItem]


class LedgerSearchItem(Record, frozen=True, kw_only=True):
    """Newest first. `after` is the id of the last entry seen."""

    membership_id: MembershipId
    first: First
    after: str | None = None


class LedgerSearch(Record, frozen=True, kw_only=True):
    queries: Keys[LedgerSearchItem]


class RedemptionSearchItem(Record, frozen=True, kw_only=True):
    """Newest first. `after` is the id of the last redemption seen."""

    membership_id: MembershipId
    first: First
    after: RedemptionId | None = None
    state: RedemptionState | None = None


class RedemptionSearch(Record, frozen=True, kw_only=True):
    queries: Keys[RedemptionSearchItem]


class EvaluationAsk(Record, frozen=True, kw_only=True):
    baskets: Annotated[tuple[Basket, ...], Meta(max_length=QUESTIONS_MAX)]


class EarningItem(Record, frozen=True, kw_only=True):
    basket: Basket
    membership_id: MembershipId | None


class EarningAsk(Record, frozen=True, kw_only=True):
    queries: Annotated[tuple[EarningItem, ...], Meta(max_length=QUESTIONS_MAX)]


class Receipt(Record, frozen=True, kw_only=True):
    lines: Annotated[tuple[ReceivedLine, ...], Meta(min_length=1, max_length=100)]


class Decline(Record, frozen=True, kw_only=True):
    """A sentence for the customer."""

    reason: Annotated[str, Meta(max_length=REASON_MAX)]


class ReferenceAsk(Record, frozen=True, kw_only=True):
    """`references` are idempotency keys of writes."""

    references: Keys[str]


class WrittenEntry(Record, frozen=True, kw_only=True):
    """The entry that the write of the key `reference` made, or changed: of several the one it was sent for."""

    reference: str
    entry: LoyaltyLedgerEntry


class Nothing(Record, frozen=True, kw_only=True):
    """An empty object."""
