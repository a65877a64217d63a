"""What the products slice asks of an outside system."""

from dataclasses import dataclass

from domains.products.model import Product
from domains.vocabulary import Fetch, Sku


@dataclass(frozen=True)
class Products:
    """Reads of product master data."""

    by_sku: Fetch[Sku, Product]
