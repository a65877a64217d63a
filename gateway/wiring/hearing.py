"""What is done when an outside system tells something: the projection learns, caches forget, followers are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Any

import msgspec

from cache import Pantry
from domains.connectors import open as open_contract
from domains.durable import Event, Submission
from domains.finance import PostingKey
from domains.flows import OrderShipped
from domains.heard import (
    BalanceHeard,
    BookHeard,
    CustomerHeard,
    Heard,
    OrderHeard,
    PostingHeard,
    ProductHeard,
    ReturnHeard,
    StockHeard,
)
from domains.inventory import StockKey
from domains.orders import DeliveryProgress
from domains.vocabulary import Record
from gateway.events import Consequences, Hearing
from gateway.projection import POSITIONS, PRODUCTS, Origin, Store, apply
from gateway.settings import Settings

TRANSLATORS: dict[str, Callable[[Event], Heard | None]] = {"open": open_contract.heard}
"""By vendor: what its events mean."""

Act = Callable[[], Awaitable[object]]


def hearing(settings: Settings, store: Store, pantry: Pantry | None) -> Hearing:
    """How the events of every source in the settings are understood, and what follows from them."""
    translate = {
        name: TRANSLATORS[settings.systems.of(source.system).vendor] for name, source in settings.events.sources.items()
    }
    return Hearing(translate, _House(store, pantry, tuple(settings.systems.crm.regions)).consequences)


class _House:
    def __init__(self, store: Store, pantry: Pantry | None, regions: tuple[str, ...]) -> None:
        self._store = store
        self._regions = regions
        self._pantry = pantry
        self._what_follows: dict[type[Any], Callable[[Any, Event], Consequences]] = {
            StockHeard: self._stock,
            BookHeard: self._book,
            ProductHeard: self._product,
            OrderHeard: self._order,
            ReturnHeard: self._return,
            BalanceHeard: self._balance,
            PostingHeard: self._posting,
            CustomerHeard: self._customer,
        }

    def consequences(self, heard: Heard, event: Event) -> Consequences:
        return self._what_follows[type(heard)](heard, event)

    def _stock(self, heard: StockHeard, event: Event) -> Consequences:
        position = heard.position
        keys = {StockKey(position.sku, at) for at in (position.location_id, None)}
        told = _told(event, "retail.stock.changed.v1", f"Product:{position.sku}", position)
        return Consequences((self._forget("inventory.stock", keys),), (told,))

    def _book(self, heard: BookHeard, event: Event) -> Consequences:
        position = heard.item.record
        learn = partial(apply, self._store, POSITIONS, heard.item, _origin(event))
        keys = {StockKey(position.sku, at) for at in (position.location_id, None)}
        return Consequences((learn, self._forget("projection.positions", keys)))

    def _product(self, heard: ProductHeard, event: Event) -> Consequences:
        learn = partial(apply, self._store, PRODUCTS, heard.item, _origin(event))
        return Consequences((learn, self._forget("products.by_sku", [heard.item.record.sku])))

    def _order(self, heard: OrderHeard, event: Event) -> Consequences:
        order = heard.order
        acts = (
            self._forget("orders.by_id", [order.id]),
            self._forget("orders.by_number", [order.order_number]),
            self._forget("returns.sales", [order.id]),
        )
        told = _told(event, "retail.order.changed.v1", f"Order:{order.id}", order)
        return Consequences(acts, (told,), _finalised(heard, event))

    def _return(self, heard: ReturnHeard, event: Event) -> Consequences:
        returned = heard.authorization
        acts = (
            self._forget("returns.by_id", [returned.id]),
            self._forget("returns.by_rma", [returned.rma_number]),
            self._forget("returns.of_order", [returned.order_id]),
            self._forget("returns.sales", [returned.order_id]),
        )
        told = _told(event, "retail.return.changed.v1", f"ReturnAuthorization:{returned.id}", returned)
        return Consequences(acts, (told,))

    def _balance(self, heard: BalanceHeard, event: Event) -> Consequences:
        id_ = heard.balance.membership_id
        told = _told(event, "retail.balance.changed.v1", f"LoyaltyMembership:{id_}", heard.balance)
        return Consequences((self._forget("loyalty.balances", [id_]),), (told,))

    def _posting(self, heard: PostingHeard, _: Event) -> Consequences:
        return Consequences((self._forget("finance.postings", [PostingKey(heard.facts.subject, heard.facts.id)]),))

    def _customer(self, heard: CustomerHeard, _: Event) -> Consequences:
        shelves = ("customers.by_id", *(f"customers.by_id@{region}" for region in self._regions))
        return Consequences(tuple(self._forget(shelf, [heard.customer.id]) for shelf in shelves))

    def _forget(self, shelf: str, keys: Collection[object]) -> Act:
        async def forget() -> None:
            if self._pantry is not None:
                await self._pantry.forget(shelf, keys)

        return forget


def _finalised(heard: OrderHeard, event: Event) -> tuple[Submission, ...]:
    """The flow that posts the points of an order once all of it has left; accepted once, however often that is told."""
    if heard.order.facts.delivery is not DeliveryProgress.FULL:
        return ()
    return (
        Submission(
            flow_id=f"flow-shipped-{heard.order.id}",
            kind="order.shipped",
            command=OrderShipped(order_id=heard.order.id),
            correlation_id=event.correlation_id or event.id,
        ),
    )


def _origin(event: Event) -> Origin:
    return Origin(source=f"event:{event.source}", observed_at=event.time.timestamp())


def _told(event: Event, type_: str, subject: str, record: Record) -> Event:
    """The news of it, under an id that the same event makes again."""
    return Event(
        id=f"{event.source}#{event.id}",
        type=type_,
        source="retailgraph",
        time=event.time,
        subject=subject,
        correlation_id=event.correlation_id,
        data=msgspec.Raw(msgspec.json.encode(record)),
    )
