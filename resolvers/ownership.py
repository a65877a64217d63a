"""Who may see what belongs to a customer: the customer, and those who serve customers."""

from domains.vocabulary import CustomerId
from resolvers.context import Caller

SERVING = frozenset({"associate", "operations"})
"""Audiences that answer to every customer."""


def serves(caller: Caller) -> bool:
    """Whether `caller` works for the retailer."""
    return caller.audience in SERVING


def may_see(caller: Caller, owner: CustomerId | None) -> bool:
    """Whether `caller` may see what belongs to `owner`. What belongs to nobody is for those who serve."""
    return serves(caller) or (owner is not None and caller.customer_id == owner)
