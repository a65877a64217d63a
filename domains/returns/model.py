"""Return authorizations (RMAs), the policies behind them, and what a sale must tell to judge them."""

import enum
from decimal import Decimal
from typing import NamedTuple

from domains.vocabulary import (
    CustomerId,
    Instant,
    LocationId,
    Money,
    OrderId,
    PointsAmount,
    Record,
    ReturnId,
    Sku,
    VendorWord,
    insist_on_finite,
)


class ReturnStatus(VendorWord):
    REQUESTED = "REQUESTED"
    AUTHORIZED = "AUTHORIZED"
    DECLINED = "DECLINED"
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED"
    RECEIVED = "RECEIVED"
    REFUND_PENDING = "REFUND_PENDING"
    REFUNDED = "REFUNDED"
    CANCELED = "CANCELED"
    CLOSED = "CLOSED"
    UNKNOWN = "UNKNOWN"


class ReturnReason(enum.Enum):
    COLOR = "COLOR"
    DEFECTIVE = "DEFECTIVE"
    NOT_AS_DESCRIBED = "NOT_AS_DESCRIBED"
    SIZE_TOO_LARGE = "SIZE_TOO_LARGE"
    SIZE_TOO_SMALL = "SIZE_TOO_SMALL"
    STYLE = "STYLE"
    UNWANTED = "UNWANTED"
    WRONG_ITEM = "WRONG_ITEM"
    OTHER = "OTHER"


class NonReturnableReason(enum.Enum):
    FINAL_SALE = "FINAL_SALE"
    ALREADY_RETURNED = "ALREADY_RETURNED"
    RETURN_WINDOW_EXPIRED = "RETURN_WINDOW_EXPIRED"
    UNFULFILLED = "UNFULFILLED"
    OTHER = "OTHER"


class ReturnDisposition(enum.Enum):
    RESTOCKED = "RESTOCKED"
    NOT_RESTOCKED = "NOT_RESTOCKED"
    PROCESSING_REQUIRED = "PROCESSING_REQUIRED"
    MISSING = "MISSING"


class ReturnMethod(enum.Enum):
    """schema.org ReturnMethodEnumeration."""

    RETURN_BY_MAIL = "RETURN_BY_MAIL"
    RETURN_IN_STORE = "RETURN_IN_STORE"
    RETURN_AT_KIOSK = "RETURN_AT_KIOSK"
    KEEP_PRODUCT = "KEEP_PRODUCT"


class RefundType(enum.Enum):
    """schema.org RefundTypeEnumeration."""

    FULL_REFUND = "FULL_REFUND"
    EXCHANGE_REFUND = "EXCHANGE_REFUND"
    STORE_CREDIT_REFUND = "STORE_CREDIT_REFUND"


class ReturnPolicy(Record, frozen=True, kw_only=True):
    """`window_days` counts from delivery; None means no limit. `restocking_fee` is taken once per item returned."""

    sku: Sku
    window_days: int | None = None
    methods: tuple[ReturnMethod, ...] = ()
    refund_types: tuple[RefundType, ...] = ()
    restocking_fee: Money | None = None
    final_sale: bool = False

    def __post_init__(self) -> None:
        insist_on_finite(None if self.restocking_fee is None else self.restocking_fee.amount)


class SaleLine(Record, frozen=True, kw_only=True):
    """What a sale says of one line. `total` is what was paid for all of `ordered`, discounts and tax included.

    `open_returns` counts pieces in returns that are requested or authorized and not yet received; `delivered_at` is
    the last delivery of this line.
    """

    id: str
    sku: Sku
    ordered: Decimal
    fulfilled: Decimal = Decimal(0)
    canceled: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)
    open_returns: Decimal = Decimal(0)
    total: Money | None = None
    delivered_at: Instant | None = None

    def __post_init__(self) -> None:
        insist_on_finite(self.ordered, self.fulfilled, self.canceled, self.returned, self.open_returns)
        insist_on_finite(None if self.total is None else self.total.amount)


class Sale(Record, frozen=True, kw_only=True):
    """What the returns desk needs to know of an order."""

    order_id: OrderId
    customer_id: CustomerId | None = None
    placed_at: Instant
    lines: tuple[SaleLine, ...]


class ReturnableLine(Record, frozen=True, kw_only=True):
    """The verdict on one line: `quantity` may still come back `until` then, or `not_returnable` says why none may.

    `estimated_refund` is for the whole of `quantity`.
    """

    line_id: str
    sku: Sku
    quantity: Decimal
    until: Instant | None = None
    not_returnable: NonReturnableReason | None = None
    estimated_refund: Money | None = None


class ReturnLine(Record, frozen=True, kw_only=True):
    id: str
    order_line_id: str
    quantity_requested: Decimal
    quantity_authorized: Decimal = Decimal(0)
    quantity_received: Decimal = Decimal(0)
    reason: ReturnReason
    note: str | None = None
    disposition: ReturnDisposition | None = None

    def __post_init__(self) -> None:
        insist_on_finite(self.quantity_requested, self.quantity_authorized, self.quantity_received)


class ReturnFee(Record, frozen=True, kw_only=True):
    reason: str
    amount: Money


class ReturnAuthorization(Record, frozen=True, kw_only=True):
    """A merchandise return (RMA). `provisional` until the OMS has confirmed it."""

    id: ReturnId
    rma_number: str
    status: ReturnStatus
    provisional: bool = False
    order_id: OrderId
    customer_id: CustomerId | None = None
    lines: tuple[ReturnLine, ...]
    method: ReturnMethod
    refund_type: RefundType
    estimated_refund: Money | None = None
    points_reversed: PointsAmount | None = None
    fees: tuple[ReturnFee, ...] = ()
    expires_at: Instant | None = None
    authorized_at: LocationId | None = None
    created_at: Instant | None = None


class ReturnQuery(NamedTuple):
    """A page of one customer's returns, newest first. `after` is the id of the last return seen."""

    customer_id: CustomerId
    first: int
    after: str | None = None
