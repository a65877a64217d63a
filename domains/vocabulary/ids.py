"""Identifiers, and the roles of the systems that issue them."""

import enum
from typing import NewType

from domains.vocabulary.record import Record

Sku = NewType("Sku", str)
LocationId = NewType("LocationId", str)
CustomerId = NewType("CustomerId", str)
MembershipId = NewType("MembershipId", str)
ProgramId = NewType("ProgramId", str)
PromotionId = NewType("PromotionId", str)
OrderId = NewType("OrderId", str)
ReturnId = NewType("ReturnId", str)
RedemptionId = NewType("RedemptionId", str)

IdempotencyKey = NewType("IdempotencyKey", str)
"""Names one write of one caller, at most 255 characters: a repeat with the same key changes nothing more."""


class SystemRole(enum.Enum):
    """What an outside system is to retail, whoever made it."""

    ERP = "ERP"
    OMS = "OMS"
    LOYALTY = "LOYALTY"
    CRM = "CRM"

    # An Enum's own hash is a Python function, called some twenty times a request: by what is kept for each system.
    __hash__ = object.__hash__


class ExternalId(Record, frozen=True, kw_only=True):
    """The key under which another system knows the same thing."""

    system: SystemRole
    value: str


def gtin_is_valid(gtin: str) -> bool:
    """Whether `gtin` is 8, 12, 13 or 14 digits with a correct check digit (GS1 General Specifications, 7.9)."""
    if len(gtin) not in (8, 12, 13, 14) or not (gtin.isascii() and gtin.isdigit()):
        return False
    digits = [int(digit) for digit in reversed(gtin)]
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0
