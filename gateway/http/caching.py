"""How long a cache between us and the client may keep an answer (RFC 9111)."""

from __future__ import annotations

from graphql import OperationType

from gateway.answers import Lifetime
from gateway.engine import Answer
from gateway.http.admitted import Admitted
from gateway.http.head import Head

# Who asks by token is answered in person.
_OWN = "private, no-store"


def public_lifetime(answer: Answer, admitted: Admitted, head: Head) -> Lifetime | None:
    """How long an answer is good for that anybody may be given; None for any other.

    Public is what a query gave without errors, if it `may_be_shared` and the request does not say who asks.
    """
    if names_caller(head) or answer.errors or answer.kind is not OperationType.QUERY:
        return None
    lifetime = admitted.lifetime()
    return lifetime if lifetime is not None and admitted.may_be_shared() else None


def cache_headers(lifetime: Lifetime | None, head: Head, *, otherwise: str) -> dict[str, str]:
    """The headers that tell caches about the answer to a request; `lifetime` None for one that is not public."""
    if lifetime is not None:
        return public_headers(lifetime)
    return {"Cache-Control": _OWN if names_caller(head) else otherwise}


def public_headers(lifetime: Lifetime) -> dict[str, str]:
    """A cache counts on from `Age`, so `max-age` is the age at which the answer goes stale and not what is left of its
    time."""
    return {"Cache-Control": f"public, max-age={lifetime.max_age_s}", "Age": str(lifetime.age_s)}


def names_caller(head: Head) -> bool:
    """Whether a request says who asks."""
    return b"authorization" in head
