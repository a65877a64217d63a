"""How long a cache between us and the client may keep an answer (RFC 9111)."""

from __future__ import annotations

from typing import Protocol

from graphql import OperationType

from gateway.engine import Answer

# Who asks by token is answered in person.
_OWN = "private, no-store"


class Lifetime(Protocol):
    """How old an answer is, and the age at which it is no longer fresh."""

    @property
    def age_s(self) -> int: ...

    @property
    def max_age_s(self) -> int: ...


def cache_headers(
    answer: Answer, lifetime: Lifetime | None, *, names_caller: bool, may_be_shared: bool, otherwise: str
) -> dict[str, str]:
    """The headers that tell caches about `answer`.

    Kept is what a query gave without errors, if it `may_be_shared` and the request does not say who asks
    (`names_caller`). A cache counts on from `Age`, so `max-age` is the age at which the answer goes stale and not what
    is left of its time. Everything else is `otherwise`, or no cache's business.
    """
    if names_caller:
        return {"Cache-Control": _OWN}
    if lifetime is None or not may_be_shared or answer.errors or answer.kind is not OperationType.QUERY:
        return {"Cache-Control": otherwise}
    return {"Cache-Control": f"public, max-age={lifetime.max_age_s}", "Age": str(lifetime.age_s)}
