"""What may come back, on which terms, and how far it has come.

Deliberately does not know how money or points flow back."""

from domains.returns.authorization import AuthorizeReturn, authorize
from domains.returns.eligibility import returnable_lines
from domains.returns.lifecycle import may_become
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
from domains.returns.refusals import (
    ItemNotReturnable,
    MethodNotOffered,
    OrderNotFound,
    QuantityExceeded,
    ReturnWindowExpired,
)

__all__ = [
    "AuthorizeReturn",
    "ItemNotReturnable",
    "MethodNotOffered",
    "NonReturnableReason",
    "OrderNotFound",
    "QuantityExceeded",
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
    "ReturnWindowExpired",
    "ReturnableLine",
    "Returns",
    "Sale",
    "SaleLine",
    "authorize",
    "may_become",
    "returnable_lines",
]
