"""What a product is, apart from where it lies and what it costs to return."""

from domains.vocabulary import Money, Record, Sku


class Product(Record, frozen=True, kw_only=True):
    """Master data of one sellable item. `list_price` is the price before any promotion; `unit` a UNECE Rec 20 code."""

    sku: Sku
    gtin: str | None = None
    name: str | None = None
    description: str | None = None
    category: str | None = None
    list_price: Money | None = None
    tax_code: str | None = None
    unit: str | None = None
