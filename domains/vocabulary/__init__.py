"""The words every slice shares: ids, money, points, quantities, readings, pages, errors, refusals.

Knows no slice, does no I/O, and reads no clock."""

from domains.vocabulary.errors import (
    BreakerOpen,
    DeadlineExceeded,
    InvalidInput,
    RetailError,
    SystemOffPath,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamSaturated,
    UpstreamThrottled,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from domains.vocabulary.ids import (
    CustomerId,
    ExternalId,
    IdempotencyKey,
    LocationId,
    MembershipId,
    OrderId,
    ProgramId,
    PromotionId,
    RedemptionId,
    ReturnId,
    Sku,
    SystemRole,
    gtin_is_valid,
)
from domains.vocabulary.instant import Instant
from domains.vocabulary.money import CurrencyMismatch, Money
from domains.vocabulary.paging import Page
from domains.vocabulary.path import ServingPath
from domains.vocabulary.place import Address, FulfillmentType, GeoPoint
from domains.vocabulary.points import PointsAmount, RewardCurrency
from domains.vocabulary.quantity import positive_quantity
from domains.vocabulary.reading import Fetch, FreshnessTier, Reading
from domains.vocabulary.record import Record
from domains.vocabulary.refusal import BackendUnavailable, IdempotencyConflict, Refusal

__all__ = [
    "Address",
    "BackendUnavailable",
    "BreakerOpen",
    "CurrencyMismatch",
    "CustomerId",
    "DeadlineExceeded",
    "ExternalId",
    "Fetch",
    "FreshnessTier",
    "FulfillmentType",
    "GeoPoint",
    "IdempotencyConflict",
    "IdempotencyKey",
    "Instant",
    "InvalidInput",
    "LocationId",
    "MembershipId",
    "Money",
    "OrderId",
    "Page",
    "PointsAmount",
    "ProgramId",
    "PromotionId",
    "Reading",
    "Record",
    "RedemptionId",
    "Refusal",
    "RetailError",
    "ReturnId",
    "RewardCurrency",
    "ServingPath",
    "Sku",
    "SystemOffPath",
    "SystemRole",
    "UpstreamError",
    "UpstreamFailed",
    "UpstreamGarbled",
    "UpstreamRejected",
    "UpstreamSaturated",
    "UpstreamThrottled",
    "UpstreamTimeout",
    "UpstreamUnreachable",
    "gtin_is_valid",
    "positive_quantity",
]
