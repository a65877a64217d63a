"""Four systems in memory that keep books of what was done to them: an OMS, a loyalty engine, an ERP and a CRM."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from domains.customers import CustomerWrites, HistoryEntry, HistoryNote
from domains.finance import (
    CreditMemo,
    Finance,
    FinanceWrites,
    GoodsReceipt,
    PostingFacts,
    PostingKey,
    PostingSubject,
    SalesDocument,
)
from domains.flows import OrderSystems
from domains.inventory import (
    Inventory,
    InventoryReservation,
    ReservationDraft,
    ReservationState,
)
from domains.orders import DeliveryProgress, Order, OrderDraft, OrderFacts, Orders, OrderStatus, OrderWrites, status_of
from domains.vocabulary import (
    IdempotencyKey,
    OrderId,
    ReturnId,
)
from tests.domains.flows.desk import nothing, rejected
from tests.domains.flows.goods import CRM, ERP, OMS, RESERVATION, euros, reservation
from tests.domains.flows.points import Points
from tests.domains.flows.runner import NOON


@dataclass
class Books(Points):
    """What the four systems hold."""

    orders: dict[str, Order] = field(default_factory=dict)
    reservations: dict[str, InventoryReservation] = field(default_factory=lambda: {RESERVATION: reservation()})
    postings: dict[PostingKey, PostingFacts] = field(default_factory=dict)
    documents: dict[str, SalesDocument] = field(default_factory=dict)
    history: list[HistoryEntry] = field(default_factory=list)

    def systems(self) -> OrderSystems:
        return OrderSystems(
            orders=Orders(
                by_id=self.fetching(OMS, lambda: self.orders),
                by_number=self.fetching(OMS, lambda: {order.order_number: order for order in self.orders.values()}),
                of_customer=nothing,
            ),
            order_writes=OrderWrites(take=self.take, cancel=self.cancel),
            inventory=self.inventory(),
            loyalty=self.loyalty(),
            loyalty_writes=self.loyalty_writes(),
            finance=Finance(ledgers=nothing, postings=self.fetching(ERP, lambda: self.postings)),
            finance_writes=FinanceWrites(
                post_order=self.post_order,
                reverse_order=self.reverse_order,
                post_credit=_no_credit,
                reverse_credit=_no_reversal,
                post_goods=_no_goods,
            ),
            customer_writes=CustomerWrites(
                note=self.note,
                history=self.fetching(CRM, lambda: {one.customer_id: tuple(self.history) for one in self.history}),
            ),
        )

    def inventory(self) -> Inventory:
        return Inventory(
            locations=nothing,
            network=nothing,
            stock=nothing,
            reservations=self.fetching(OMS, lambda: self.reservations),
            reserve=_no_reserve,
            release=_no_release,
        )

    async def take(self, draft: OrderDraft, key: IdempotencyKey) -> Order:
        def done() -> Order:
            if draft.reservation_id is not None:
                held = self.reservations[draft.reservation_id]
                if held.state is not ReservationState.CREATED:
                    raise rejected(OMS, "RESERVATION_NOT_OPEN")
                self._set_reservation(draft.reservation_id, ReservationState.COMMITTED)
            assert draft.order_id is not None
            assert draft.order_number is not None
            assert draft.order_id not in self.orders, "one order is taken twice"
            order = Order(
                id=draft.order_id,
                order_number=draft.order_number,
                placed_at=NOON,
                customer_id=draft.customer_id,
                facts=OrderFacts(raw="NEW"),
                lines=(),
                total=euros("35.00"),
                redemption_id=draft.redemption_id,
            )
            self.orders[order.id] = order
            return order

        return self.once("take", key, done)

    async def cancel(self, order_id: OrderId, key: IdempotencyKey) -> Order:
        def done() -> Order:
            order = self.orders.get(order_id)
            if order is None:
                raise rejected(OMS, "ORDER_NOT_FOUND")
            if status_of(order.facts) is OrderStatus.CANCELED or order.facts.delivery is not DeliveryProgress.NONE:
                raise rejected(OMS, "ILLEGAL_TRANSITION")
            canceled = msgspec.structs.replace(order, facts=OrderFacts(rejected=True))
            self.orders[order_id] = canceled
            return canceled

        return self.once("cancel", key, done)

    async def post_order(self, document: SalesDocument, key: IdempotencyKey) -> PostingFacts:
        def done() -> PostingFacts:
            name = PostingKey(PostingSubject.ORDER, document.order_id)
            assert name not in self.postings, "one order is posted twice"
            self.documents[document.order_id] = document
            self.postings[name] = PostingFacts(
                subject=PostingSubject.ORDER, id=document.order_id, document_number="4500000001", posted_at=NOON
            )
            return self.postings[name]

        return self.once("post", key, done)

    async def reverse_order(self, order_id: OrderId, key: IdempotencyKey) -> PostingFacts:
        def done() -> PostingFacts:
            name = PostingKey(PostingSubject.ORDER, order_id)
            if name not in self.postings:
                raise rejected(ERP, "POSTING_NOT_FOUND")
            if self.postings[name].reversed_at is not None:
                raise rejected(ERP, "ILLEGAL_TRANSITION")
            self.postings[name] = msgspec.structs.replace(self.postings[name], reversed_at=NOON)
            return self.postings[name]

        return self.once("unpost", key, done)

    async def note(self, note: HistoryNote, key: IdempotencyKey) -> HistoryEntry:
        def done() -> HistoryEntry:
            entry = HistoryEntry(id=f"note-{len(self.history) + 1}", **msgspec.structs.asdict(note))
            self.history.append(entry)
            return entry

        return self.once(f"note {note.kind}", key, done)

    def _set_reservation(self, id_: str, state: ReservationState) -> None:
        self.reservations[id_] = msgspec.structs.replace(self.reservations[id_], state=state)


async def _no_credit(memo: CreditMemo, key: IdempotencyKey) -> PostingFacts:
    raise AssertionError("an order has no credit memo")


async def _no_reversal(return_id: ReturnId, key: IdempotencyKey) -> PostingFacts:
    raise AssertionError("an order has no credit memo")


async def _no_goods(receipt: GoodsReceipt, key: IdempotencyKey) -> PostingFacts:
    raise AssertionError("an order receives nothing")


async def _no_reserve(draft: ReservationDraft, key: IdempotencyKey) -> InventoryReservation:
    raise AssertionError("whoever submits has reserved")


async def _no_release(id_: str, key: IdempotencyKey) -> InventoryReservation:
    raise AssertionError("an order does not release")
