"""A customer, how to reach them, and whether one may."""

import enum
from typing import NamedTuple

from domains.vocabulary import (
    CustomerId,
    ExternalId,
    Instant,
    Record,
    SystemRole,
    VendorWord,
)


class ConsentChannel(enum.Enum):
    EMAIL = "EMAIL"
    SMS = "SMS"
    PUSH = "PUSH"
    POST = "POST"
    CALL = "CALL"


class ConsentState(VendorWord):
    OPTED_IN = "OPTED_IN"
    OPTED_OUT = "OPTED_OUT"
    PENDING = "PENDING"  # asked, double opt-in not confirmed
    UNKNOWN = "UNKNOWN"


class Consent(Record, frozen=True, kw_only=True):
    """One statement of a customer about one channel and purpose (marketing, service, profiling ...)."""

    channel: ConsentChannel
    purpose: str | None = None
    state: ConsentState
    changed_at: Instant | None = None


class CustomerAccountStatus(VendorWord):
    """Whether the books allow business with this customer."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    CREDIT_HOLD = "CREDIT_HOLD"
    ERASED = "ERASED"
    UNKNOWN = "UNKNOWN"


class CustomerAccount(Record, frozen=True, kw_only=True):
    """The ERP's view of a customer."""

    customer_id: CustomerId
    status: CustomerAccountStatus


class Customer(Record, frozen=True, kw_only=True):
    """The CRM's view of a customer. `consents` is the log as the CRM keeps it; see `in_force`."""

    id: CustomerId
    external_ids: tuple[ExternalId, ...] = ()
    display_name: str | None = None
    email: str | None = None
    phone: str | None = None
    segments: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()
    region: str | None = None


class CustomerKey(NamedTuple):
    """One way to name a customer: an email address (`system` None) or another system's key."""

    system: SystemRole | None
    value: str
