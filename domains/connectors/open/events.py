"""Events of services that speak the open contracts: their `data` is `{"sequence": 7, "record": {...}}`.

The record is the one that the service's reads answer. A service that cannot number its changes leaves `sequence` out,
and its events are then told apart by nothing but their ids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from domains.customers import Customer
from domains.durable import Event
from domains.finance import PostingFacts
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
from domains.inventory import StockPosition
from domains.loyalty import LoyaltyBalance
from domains.orders import Order
from domains.products import Product
from domains.returns import ReturnAuthorization
from domains.vocabulary import Record, Sequenced

T = TypeVar("T")


class Data(Record, Generic[T], frozen=True, kw_only=True):
    """What an event carries. `removed` is true for a record that is gone."""

    record: T
    sequence: int | None = None
    removed: bool = False


def _sequenced(data: Data[T]) -> Sequenced[T]:
    if data.sequence is None:
        raise msgspec.ValidationError("Object missing required field `sequence` - at `$.data`")
    return Sequenced(record=data.record, sequence=data.sequence, removed=data.removed)


def _row(shape: Any, make: Callable[[Data[Any]], Heard]) -> tuple[msgspec.json.Decoder[Any], Callable[..., Heard]]:
    return msgspec.json.Decoder(Data[shape]), make


_TYPES = {
    "oms.stock.changed": _row(StockPosition, lambda data: StockHeard(position=data.record)),
    "oms.order.changed": _row(Order, lambda data: OrderHeard(order=data.record)),
    "oms.return.changed": _row(ReturnAuthorization, lambda data: ReturnHeard(authorization=data.record)),
    "loyalty.balance.changed": _row(LoyaltyBalance, lambda data: BalanceHeard(balance=data.record)),
    "erp.position.changed": _row(StockPosition, lambda data: BookHeard(item=_sequenced(data))),
    "erp.product.changed": _row(Product, lambda data: ProductHeard(item=_sequenced(data))),
    "erp.document.posted": _row(PostingFacts, lambda data: PostingHeard(facts=data.record)),
    "crm.customer.changed": _row(Customer, lambda data: CustomerHeard(customer=data.record)),
}

EVENT_TYPES = frozenset(_TYPES)


def heard(event: Event) -> Heard | None:
    """What `event` says; None for a type that is not listed. Raises msgspec.ValidationError for other data."""
    row = _TYPES.get(event.type)
    if row is None:
        return None
    decoder, make = row
    return make(decoder.decode(event.data))
