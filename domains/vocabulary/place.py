"""Where things are, and how they reach a customer."""

import enum

from domains.vocabulary.record import Record


class GeoPoint(Record, frozen=True, kw_only=True):
    """WGS 84 degrees."""

    latitude: float
    longitude: float


class Address(Record, frozen=True, kw_only=True):
    lines: tuple[str, ...] = ()
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country_code: str | None = None  # ISO 3166-1 alpha-2


class FulfillmentType(enum.Enum):
    """How goods reach the customer."""

    SHIPPING = "SHIPPING"
    PICKUP = "PICKUP"
    DIGITAL = "DIGITAL"
