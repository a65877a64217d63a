"""What a caller lacks for an operation, in words and codes for clients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.permits.held import Held
from gateway.permits.needed import Needed

UNAUTHENTICATED: Final = "UNAUTHENTICATED"
FORBIDDEN: Final = "FORBIDDEN"

_REALM = 'Bearer realm="retailgraph"'


@dataclass(frozen=True, slots=True)
class Lack:
    """One place that a caller may not ask for. `scopes` are those missing: of several ways in, the nearest one's."""

    at: Needed
    code: str
    scopes: tuple[str, ...]

    @property
    def message(self) -> str:
        """What is missing and what to do, for a client."""
        if self.code == UNAUTHENTICATED:
            return f"{self.at.place} is for callers who say who they are. Send a bearer token."
        named = " and ".join(self.scopes)
        return f"{self.at.place} needs the scope{'s' if len(self.scopes) > 1 else ''} {named}, which you do not hold."


def lacking(asked: Iterable[Needed], held: Held) -> tuple[Lack, ...]:
    """Every place for which `held` is not enough; none when the operation may run.

    All of them have one code: whoever has not said who they are is asked to, before anything is said of scopes.
    """
    code = FORBIDDEN if held.identified else UNAUTHENTICATED
    return tuple(Lack(at, code, missing) for at in asked if (missing := _missing(at, held)) or _is_stranger(at, held))


def challenge(code: str | None, scopes: Iterable[str] = ()) -> str:
    """The value of `WWW-Authenticate` beside a refusal (RFC 6750, 3 and 3.1)."""
    if code != FORBIDDEN:
        return _REALM  # nothing was sent, so nothing is said to be wrong with it
    named = " ".join(sorted(set(scopes)))
    return f'{_REALM}, error="insufficient_scope"' + (f', scope="{named}"' if named else "")


def _missing(at: Needed, held: Held) -> tuple[str, ...]:
    ways = [tuple(sorted(way - held.scopes)) for way in at.need.scopes]
    return min(ways, key=lambda way: (len(way), way), default=())


def _is_stranger(at: Needed, held: Held) -> bool:
    return at.need.authenticated and not held.identified
