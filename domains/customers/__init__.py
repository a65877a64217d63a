"""Who the customer is, and what they allow.

Deliberately does not know what the customer bought or earned."""

from domains.customers.consent import in_force, marketable
from domains.customers.effects import CustomerWrites, HistoryEntry, HistoryNote
from domains.customers.identify import name_customer
from domains.customers.model import (
    Consent,
    ConsentChannel,
    ConsentState,
    Customer,
    CustomerAccount,
    CustomerAccountStatus,
    CustomerKey,
)
from domains.customers.port import (
    Customers,
)

__all__ = [
    "Consent",
    "ConsentChannel",
    "ConsentState",
    "Customer",
    "CustomerAccount",
    "CustomerAccountStatus",
    "CustomerKey",
    "CustomerWrites",
    "Customers",
    "HistoryEntry",
    "HistoryNote",
    "in_force",
    "marketable",
    "name_customer",
]
