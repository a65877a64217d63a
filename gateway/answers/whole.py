"""One public answer, as it can be handed out again."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Protocol

import orjson

_EXTENSIONS = b',"extensions":'


class Lifetime(Protocol):
    """How old an answer is, and until when it may be handed out again. Times are seconds since the epoch."""

    @property
    def observed_at(self) -> float:
        """When the oldest part of it was known to be true."""
        ...

    @property
    def good_until(self) -> float:
        """From here on it is not handed out again."""
        ...

    @property
    def age_s(self) -> int: ...

    @property
    def max_age_s(self) -> int: ...

    def later(self, now: float) -> Lifetime:
        """Of the same answer when it is handed out again at `now`."""
        ...

    def told(self) -> Mapping[str, object]:
        """What a response says of it in its `extensions`."""
        ...


class Whole:
    """The bytes of a response without what they say of their own age, which is written anew each second."""

    __slots__ = ("_body", "_etag", "_shown", "core", "lifetime")

    def __init__(self, core: bytes, lifetime: Lifetime) -> None:
        self.core = core
        self.lifetime = lifetime
        self._shown: Lifetime | None = None
        self._body = b""
        self._etag: str | None = None

    @classmethod
    def of(cls, body: bytes, lifetime: Lifetime) -> Whole | None:
        """The answer that was encoded as `body` with nothing in its extensions but its lifetime; None for another."""
        tail = _tail(lifetime)
        return cls(body[: -len(tail)], lifetime) if body.endswith(tail) else None

    @property
    def etag(self) -> str:
        """The same for the same data, whenever it was read.

        Weak (RFC 9110, 8.8.1), because `extensions.freshness` differs from second to second while the data stands. A
        strong one would have to differ too, and nobody's copy would ever be found to be good still.
        """
        if self._etag is None:
            self._etag = f'W/"{blake2b(self.core, digest_size=16).hexdigest()}"'
        return self._etag

    def again(self, now: float) -> tuple[bytes, Lifetime]:
        """The body to hand out at `now`, and how old it says it is."""
        shown = self._shown
        if shown is None or int(now - shown.observed_at) > shown.age_s:
            shown = self._shown = self.lifetime.later(now)
            self._body = self.core + _tail(shown)
        return self._body, shown


def _tail(lifetime: Lifetime) -> bytes:
    return _EXTENSIONS + orjson.dumps(lifetime.told()) + b"}"
