"""What the customers slice asks of outside systems."""

from dataclasses import dataclass

from domains.customers.model import Customer, CustomerAccount, CustomerKey
from domains.vocabulary import CustomerId, Fetch


@dataclass(frozen=True)
class Customers:
    """Reads of profiles (CRM) and accounts (ERP). `resolve` finds the id behind an email or another system's key."""

    by_id: Fetch[CustomerId, Customer]
    resolve: Fetch[CustomerKey, CustomerId]
    accounts: Fetch[CustomerId, CustomerAccount]
