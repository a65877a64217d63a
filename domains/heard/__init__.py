"""What outside systems tell of themselves by events, in the house's own words.

Deliberately does not know in which words a vendor says it, nor what is done about it."""

from domains.heard.words import (
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

__all__ = [
    "BalanceHeard",
    "BookHeard",
    "CustomerHeard",
    "Heard",
    "OrderHeard",
    "PostingHeard",
    "ProductHeard",
    "ReturnHeard",
    "StockHeard",
]
