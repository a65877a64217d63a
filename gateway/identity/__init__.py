"""Who is asking: from the Authorization header to a Caller.

Knows no permission: what a caller may do is decided where it is done."""

from gateway.identity.callers import ANONYMOUS, Callers, Unauthenticated
from gateway.identity.owner import current_owner, owner_of

__all__ = ["ANONYMOUS", "Callers", "Unauthenticated", "current_owner", "owner_of"]
