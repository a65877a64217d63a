"""What may be sold: master data of items.

Deliberately does not know stock, prices in a basket, or what a return costs."""

from domains.products.model import (
    Product,
)
from domains.products.port import (
    Products,
)

__all__ = [
    "Product",
    "Products",
]
