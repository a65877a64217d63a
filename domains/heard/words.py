"""One record for each thing that can be told."""

from __future__ import annotations

from domains.customers import Customer
from domains.finance import PostingFacts
from domains.inventory import StockPosition
from domains.loyalty import LoyaltyBalance
from domains.orders import Order
from domains.products import Product
from domains.returns import ReturnAuthorization
from domains.vocabulary import Record, Sequenced


class StockHeard(Record, frozen=True, kw_only=True):
    """The OMS counts this position anew."""

    position: StockPosition


class BookHeard(Record, frozen=True, kw_only=True):
    """The ERP's book stock changed."""

    item: Sequenced[StockPosition]


class ProductHeard(Record, frozen=True, kw_only=True):
    """Master data or a price changed."""

    item: Sequenced[Product]


class OrderHeard(Record, frozen=True, kw_only=True):
    """An order is new or has come further."""

    order: Order


class ReturnHeard(Record, frozen=True, kw_only=True):
    """A return is new or has come further."""

    authorization: ReturnAuthorization


class BalanceHeard(Record, frozen=True, kw_only=True):
    """A member's points changed."""

    balance: LoyaltyBalance


class PostingHeard(Record, frozen=True, kw_only=True):
    """The ERP posted, failed to post, or reversed a document."""

    facts: PostingFacts


class CustomerHeard(Record, frozen=True, kw_only=True):
    """A profile or a consent changed."""

    customer: Customer


Heard = StockHeard | BookHeard | ProductHeard | OrderHeard | ReturnHeard | BalanceHeard | PostingHeard | CustomerHeard
