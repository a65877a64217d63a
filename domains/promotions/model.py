"""Baskets, and what a promotion engine makes of them."""

import enum
from decimal import Decimal
from typing import NamedTuple

from domains.vocabulary import CustomerId, FulfillmentType, LocationId, MembershipId, Money, PromotionId, Record, Sku


class BasketLine(Record, frozen=True, kw_only=True):
    sku: Sku
    quantity: Decimal
    unit_price: Money


class Basket(Record, frozen=True, kw_only=True):
    """What a customer is about to buy, at the channel's own prices, before promotions. Hashable, so it keys a Fetch."""

    currency_code: str
    lines: tuple[BasketLine, ...]
    customer_id: CustomerId | None = None
    codes: tuple[str, ...] = ()
    location_id: LocationId | None = None
    fulfillment: FulfillmentType | None = None
    channel: str | None = None


class PromotionRejectionReason(enum.Enum):
    NOT_FOUND = "NOT_FOUND"
    CURRENTLY_INACTIVE = "CURRENTLY_INACTIVE"
    CUSTOMER_NOT_ELIGIBLE = "CUSTOMER_NOT_ELIGIBLE"
    USAGE_LIMIT_REACHED = "USAGE_LIMIT_REACHED"
    CUSTOMER_USAGE_LIMIT_REACHED = "CUSTOMER_USAGE_LIMIT_REACHED"
    NO_ENTITLED_LINE_ITEMS = "NO_ENTITLED_LINE_ITEMS"
    PURCHASE_NOT_IN_RANGE = "PURCHASE_NOT_IN_RANGE"
    QUANTITY_NOT_IN_RANGE = "QUANTITY_NOT_IN_RANGE"
    NOT_HONOURED = "NOT_HONOURED"


class PromotionLine(Record, frozen=True, kw_only=True):
    """One discount, on one item (`sku`) or on the whole basket (None). `discount` is positive money off."""

    sku: Sku | None = None
    promotion_id: PromotionId
    name: str
    discount: Money
    funded_by: str | None = None


class PromotionRejection(Record, frozen=True, kw_only=True):
    code: str
    reason: PromotionRejectionReason


class PromotionEvaluation(Record, frozen=True, kw_only=True):
    """`total` is the sum of the discounts; `rule_version` names the rules they came from."""

    lines: tuple[PromotionLine, ...] = ()
    total: Money | None = None
    rejected: tuple[PromotionRejection, ...] = ()
    rule_version: str | None = None


class EarningQuery(NamedTuple):
    """What a basket would earn, for a member or (None) for a new one."""

    basket: Basket
    membership_id: MembershipId | None
