"""Who is asking: from the Authorization header to a Caller.

Knows no permission: what a caller may do is decided where it is done."""

from gateway.identity.callers import ANONYMOUS, Callers
from gateway.identity.owner import current_owner, owner_of
from gateway.identity.refused import IdentityUnavailable, Unauthenticated
from gateway.identity.residency import Residency, residency, residency_of

__all__ = [
    "ANONYMOUS",
    "Callers",
    "IdentityUnavailable",
    "Residency",
    "Unauthenticated",
    "current_owner",
    "owner_of",
    "residency",
    "residency_of",
]
