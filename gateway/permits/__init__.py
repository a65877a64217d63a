"""Whether an operation may run at all for whoever sends it, by what its fields ask of callers.

Knows marks and documents; does not know whose the things are that a field would show, and asks nobody."""

from gateway.permits.held import NOBODY, Held, held_by
from gateway.permits.judging import FORBIDDEN, UNAUTHENTICATED, Lack, challenge, lacking
from gateway.permits.needed import Needed, Needs, needed, needs_in

__all__ = [
    "FORBIDDEN",
    "NOBODY",
    "UNAUTHENTICATED",
    "Held",
    "Lack",
    "Needed",
    "Needs",
    "challenge",
    "held_by",
    "lacking",
    "needed",
    "needs_in",
]
