"""What the contract's services answer, as it stands in their JSON."""

from __future__ import annotations

from domains.vocabulary import Record


class Price(Record, frozen=True, kw_only=True):
    """The contract writes amounts as JSON numbers, and its schema has them as floats."""

    amount: float
    currency: str


class Product(Record, frozen=True, kw_only=True):
    """Master data, of the ERP."""

    sku: str
    name: str
    description: str | None = None
    price: Price
    tax_code: str | None = None
    category: str | None = None


class LocationStock(Record, frozen=True, kw_only=True):
    """Stock of one product at one place. `as_of` is shown as it was written."""

    location_id: str
    on_hand: int
    reserved: int
    available_to_promise: int
    as_of: str


class Stock(Record, frozen=True, kw_only=True):
    """Stock of one product, of the OMS."""

    sku: str
    locations: tuple[LocationStock, ...]


class OrderLine(Record, frozen=True, kw_only=True):
    """One line of an order."""

    line_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Price


class Shipment(Record, frozen=True, kw_only=True):
    """One parcel of an order."""

    id: str
    carrier: str
    tracking_number: str | None = None
    status: str
    shipped_at: str | None = None
    eta: str | None = None


class Order(Record, frozen=True, kw_only=True):
    """An order, of the OMS."""

    id: str
    number: str
    status: str
    placed_at: str
    total: Price
    lines: tuple[OrderLine, ...]
    shipments: tuple[Shipment, ...]


class Account(Record, frozen=True, kw_only=True):
    """A customer's points, of the loyalty engine."""

    customer_id: str
    tier: str
    points_balance: int
    pending_points: int
    expires_at: str | None = None


class Customer(Record, frozen=True, kw_only=True):
    """A customer, of the CRM."""

    id: str
    first_name: str
    last_name: str
    email: str
    phone: str | None = None
    segment: str | None = None


class Redeem(Record, frozen=True, kw_only=True):
    """What the loyalty engine is sent to spend points."""

    points: int
    reference: str


class Redemption(Record, frozen=True, kw_only=True):
    """What it answers to that."""

    redemption_id: str
    points_redeemed: int
    balance_after: int
    status: str


class OrdersOf(Record, frozen=True, kw_only=True):
    """The key of a customer's orders: the last so many."""

    customer_id: str
    limit: int
