"""The digests under which keys stand in stores."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Generic, TypeVar

import msgspec

from cache.store import digest

K = TypeVar("K")

TEXTS_MAX = 4096
"""Keys whose digest is remembered, per kind of answer: some 1 MiB."""

_OF_IDS = (str, tuple)


def is_short(key: object) -> bool:
    """Whether a key is an id or a tuple of them, and hashed in no time."""
    return isinstance(key, _OF_IDS)


class Texts(Generic[K]):
    """The digests of keys of one kind.

    Ids and tuples of them are asked for again and again, and found in a fifth of the time that encoding takes; a basket
    takes as long to hash, and comes once.
    """

    def __init__(self) -> None:
        self._known: dict[K, str] = {}

    def all(self, keys: Collection[K]) -> list[str]:
        """One for each, in order."""
        known = self._known
        try:  # what was asked before, which is most, without a call for each
            return [known[key] for key in keys] if known else [self.of(key) for key in keys]
        except KeyError:
            return [self.of(key) for key in keys]

    def of(self, key: K) -> str:
        """That of one key."""
        if not is_short(key):
            return digest(msgspec.msgpack.encode(key))
        text = self._known.get(key)
        if text is None:
            if len(self._known) >= TEXTS_MAX:
                del self._known[next(iter(self._known))]
            text = self._known[key] = digest(msgspec.msgpack.encode(key))
        return text


class Digests(Collection[str], Generic[K]):
    """The digests of some keys, worked out when somebody looks: nearly always nobody does."""

    __slots__ = ("_keys", "_texts")

    def __init__(self, texts: Texts[K], keys: Collection[K]) -> None:
        self._texts = texts
        self._keys = keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts.all(self._keys))

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, text: object) -> bool:
        return text in self._texts.all(self._keys)
