"""Who is asking: from the Authorization header to a Caller.

Knows no permission: what a caller may do is decided where it is done."""

from gateway.identity.callers import ANONYMOUS, Callers
from gateway.identity.owner import current_owner, owner_of
from gateway.identity.refused import IdentityUnavailable, Unauthenticated

__all__ = ["ANONYMOUS", "Callers", "IdentityUnavailable", "Unauthenticated", "current_owner", "owner_of"]
