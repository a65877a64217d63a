"""The words every slice shares: ids, money, points, quantities, readings, pages, errors, refusals.

Knows no slice, does no I/O, and reads no clock."""

from domains.vocabulary.decimals import insist_on_finite
from domains.vocabulary.errors import (
    BreakerOpen,
    DeadlineExceeded,
    InvalidInput,
    NotPermitted,
    ProjectionCold,
    RegionNotServed,
    RetailError,
    SystemOffPath,
    TooStale,
    UpstreamError,
    UpstreamFailed,
    UpstreamGarbled,
    UpstreamRejected,
    UpstreamSaturated,
    UpstreamThrottled,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from domains.vocabulary.feed import (
    FEED_PAGE_MAX,
    FeedPage,
    FeedQuery,
    Sequenced,
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
from domains.vocabulary.instant import (
    Instant,
)
from domains.vocabulary.money import (
    CurrencyMismatch,
    Money,
)
from domains.vocabulary.paging import (
    Page,
)
from domains.vocabulary.path import (
    ServingPath,
    ServingTier,
)
from domains.vocabulary.place import (
    Address,
    FulfillmentType,
    GeoPoint,
)
from domains.vocabulary.points import (
    PointsAmount,
    RewardCurrency,
)
from domains.vocabulary.quantity import (
    positive_quantity,
)
from domains.vocabulary.reading import (
    AtHand,
    AtOnce,
    EachByItself,
    Fetch,
    FreshnessTier,
    InBatches,
    Reading,
    demanded_age_s,
    freshest_within,
    has_stand_in,
    stand_in_at_hand,
)
from domains.vocabulary.record import (
    Record,
)
from domains.vocabulary.refusal import (
    NEVER_SENT,
    BackendUnavailable,
    IdempotencyConflict,
    Refusal,
    key_conflict,
    not_asked,
    not_written,
)
from domains.vocabulary.rows import Question, Row, Rows
from domains.vocabulary.scoped import Scoped
from domains.vocabulary.word import (
    VendorWord,
)

__all__ = [
    "FEED_PAGE_MAX",
    "NEVER_SENT",
    "Address",
    "AtHand",
    "AtOnce",
    "BackendUnavailable",
    "BreakerOpen",
    "CurrencyMismatch",
    "CustomerId",
    "DeadlineExceeded",
    "EachByItself",
    "ExternalId",
    "FeedPage",
    "FeedQuery",
    "Fetch",
    "FreshnessTier",
    "FulfillmentType",
    "GeoPoint",
    "IdempotencyConflict",
    "IdempotencyKey",
    "InBatches",
    "Instant",
    "InvalidInput",
    "LocationId",
    "MembershipId",
    "Money",
    "NotPermitted",
    "OrderId",
    "Page",
    "PointsAmount",
    "ProgramId",
    "ProjectionCold",
    "PromotionId",
    "Question",
    "Reading",
    "Record",
    "RedemptionId",
    "Refusal",
    "RegionNotServed",
    "RetailError",
    "ReturnId",
    "RewardCurrency",
    "Row",
    "Rows",
    "Scoped",
    "Sequenced",
    "ServingPath",
    "ServingTier",
    "Sku",
    "SystemOffPath",
    "SystemRole",
    "TooStale",
    "UpstreamError",
    "UpstreamFailed",
    "UpstreamGarbled",
    "UpstreamRejected",
    "UpstreamSaturated",
    "UpstreamThrottled",
    "UpstreamTimeout",
    "UpstreamUnreachable",
    "VendorWord",
    "demanded_age_s",
    "freshest_within",
    "gtin_is_valid",
    "has_stand_in",
    "insist_on_finite",
    "key_conflict",
    "not_asked",
    "not_written",
    "positive_quantity",
    "stand_in_at_hand",
]
