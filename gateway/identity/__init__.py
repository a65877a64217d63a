"""Who is asking: from the Authorization header to a Caller.

Knows no permission: what a caller may do is decided where it is done."""

from gateway.identity.callers import ANONYMOUS, Callers, Unauthenticated

__all__ = ["ANONYMOUS", "Callers", "Unauthenticated"]
