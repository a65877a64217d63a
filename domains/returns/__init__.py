"""What may come back, on which terms, and how far it has come.

Deliberately does not know how money or points flow back."""

from domains.returns.model import (
    NonReturnableReason,
    RefundType,
    ReturnableLine,
    ReturnAuthorization,
    ReturnDisposition,
    ReturnFee,
    ReturnLine,
    ReturnMethod,
    ReturnPolicy,
    ReturnQuery,
    ReturnReason,
    ReturnStatus,
    Sale,
    SaleLine,
)
from domains.returns.port import (
    ReturnDraft,
    ReturnDraftLine,
    Returns,
)

__all__ = [
    "NonReturnableReason",
    "RefundType",
    "ReturnAuthorization",
    "ReturnDisposition",
    "ReturnDraft",
    "ReturnDraftLine",
    "ReturnFee",
    "ReturnLine",
    "ReturnMethod",
    "ReturnPolicy",
    "ReturnQuery",
    "ReturnReason",
    "ReturnStatus",
    "ReturnableLine",
    "Returns",
    "Sale",
    "SaleLine",
]
