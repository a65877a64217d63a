"""The store port: what a place that keeps entries must be able to do.

Two orders are kept apart. A load has a *number*, drawn when it begins: an answer is kept only if no load that began
later was kept and no invalidation came since. An invalidation may carry a *version* of what it is about: one that is
not newer than the last changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import msgspec

from cache.board import Board
from domains.vocabulary import Reading

T = TypeVar("T")

Fence: TypeAlias = tuple[int | None, ...]
"""The number of a load, one per tier; None where a tier could not be asked, and so cannot be written to."""


class StoreDown(Exception):
    """The store cannot be asked now. It costs speed, never an answer."""


class Entry(msgspec.Struct, Generic[T], frozen=True, array_like=True, gc=False):
    """What is kept of one key. No reading: known to be absent.

    `loaded_at` is when its load began, in seconds since the epoch; it can be of use for `keep_s` from then on. `luck`
    in [0, 1) is its draw of the jitter.
    """

    reading: Reading[T] | None
    loaded_at: float
    keep_s: float
    luck: float


@dataclass(frozen=True)
class Shelf(Generic[T]):
    """A name, and the type of what stands there (anything msgspec decodes)."""

    name: str
    kind: Any

    @property
    def entry_type(self) -> Any:
        """The type of an entry of this shelf, as msgspec wants it."""
        generic: Any = Entry  # subscripted by a value, which static types cannot follow
        return generic[self.kind]

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the shape of the type, so that no release reads what another one wrote differently."""
        return digest(msgspec.json.encode(msgspec.json.schema(self.entry_type)))


class Claim(msgspec.Struct, Generic[T], frozen=True):
    """Leave to load one key. `leads` is False while another process is loading it; `entry` is what stands there now."""

    fence: Fence
    leads: bool
    entry: Entry[T] | None


class Put(msgspec.Struct, Generic[T], frozen=True):
    """What a load brought for one key. No entry: nothing is to stand there any more."""

    entry: Entry[T] | None
    fence: Fence


class Store(Protocol):
    """A place for entries. Keys are digests; `owner` is "" for what everybody may see.

    Any method but `forget` may raise StoreDown.
    """

    def peek(self, shelf: Shelf[T], owner: str, keys: Sequence[str]) -> list[Entry[T] | None]:
        """What can be had of `get_many` at once, within the process: an entry or None for each key, in order."""
        ...

    def show(self, shelf: Shelf[T], owner: str, key: str, board: Board[T], name: Hashable, until: float) -> None:  # noqa: PLR0917 - it takes so much to say
        """Put what can be had at once of `key` on a board, as `name`, and take it down when it is gone from here.

        `until` is how long it is fresh, in seconds since the epoch. Not found is nothing to be shown.
        """
        ...

    async def get_many(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> dict[str, Entry[T]]:
        """What stands under the keys; those under which nothing stands are absent."""
        ...

    async def begin(self, shelf: Shelf[T], owner: str, keys: Collection[str], lease_s: float) -> dict[str, Claim[T]]:
        """Announce a load. Other processes are kept from loading the same for at most `lease_s`."""
        ...

    async def set_many(self, shelf: Shelf[T], owner: str, puts: Mapping[str, Put[T]]) -> frozenset[str]:
        """Keep what loads brought, and end their leases. Answers the keys whose fence still stood."""
        ...

    async def release(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> None:
        """End the leases of loads that brought nothing."""
        ...

    async def forget(self, shelf: str, keys: Collection[str], version: int | None) -> frozenset[str]:
        """Drop the keys for every owner, and whatever loads of them are under way will bring.

        Answers the keys for which `version` was news; None always is. A store that is down makes up for it later.
        """
        ...


def digest(content: bytes) -> str:
    """Stands for a key: a basket is too long for one, and an email address has no place in a shared store's keys."""
    return blake2b(content, digest_size=16).hexdigest()
