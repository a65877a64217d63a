"""What may be sold: master data of items.

Deliberately does not know stock, prices in a basket, or what a return costs."""

from domains.products.model import (
    Product,
)
from domains.products.port import (
    Products,
)
from domains.products.selection import checked_skus

__all__ = [
    "Product",
    "Products",
    "checked_skus",
]
