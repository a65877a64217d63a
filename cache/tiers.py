"""Two stores as one: the process's own in front of the shared one."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

from cache.board import Board
from cache.memory import MemoryStore
from cache.store import Claim, Entry, Put, Shelf, Store, StoreDown

T = TypeVar("T")


class TwoTiers:
    """What the shared store knows is copied into memory on the way. Never down: without the shared store, memory alone.

    A fence is the pair of both numbers. Each copy into memory is fenced like a load, so that an invalidation which
    arrives between the two tiers is not undone by it.
    """

    def __init__(self, memory: MemoryStore, shared: Store) -> None:
        self._memory = memory
        self._shared = shared

    def peek(self, shelf: Shelf[T], owner: str, keys: Sequence[str]) -> list[Entry[T] | None]:
        return self._memory.peek(shelf, owner, keys)

    def show(self, shelf: Shelf[T], owner: str, key: str, board: Board[T], name: Hashable, until: float) -> None:  # noqa: PLR0917 - the port's
        self._memory.show(shelf, owner, key, board, name, until)

    async def get_many(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> dict[str, Entry[T]]:
        found = await self._memory.get_many(shelf, owner, keys)
        missing = [key for key in keys if key not in found]
        if not missing:
            return found
        number = self._memory.number()
        try:
            shared = await self._shared.get_many(shelf, owner, missing)
        except StoreDown:
            return found
        self._copy(shelf, owner, shared, number)
        return found | shared

    async def begin(self, shelf: Shelf[T], owner: str, keys: Collection[str], lease_s: float) -> dict[str, Claim[T]]:
        number = self._memory.number()
        try:
            far = await self._shared.begin(shelf, owner, keys, lease_s)
        except StoreDown:
            return await self._alone(shelf, owner, keys, lease_s)
        self._copy(shelf, owner, {key: claim.entry for key, claim in far.items() if claim.entry is not None}, number)
        load = self._memory.number()  # its own, later than the copies'
        return {key: Claim((load, *claim.fence), leads=claim.leads, entry=claim.entry) for key, claim in far.items()}

    async def set_many(self, shelf: Shelf[T], owner: str, puts: Mapping[str, Put[T]]) -> frozenset[str]:
        """The shared store decides where it can be asked: what it refuses is old, and not for memory either."""
        far = {key: Put(put.entry, put.fence[1:]) for key, put in puts.items() if put.fence[1] is not None}
        try:
            refused = far.keys() - await self._shared.set_many(shelf, owner, far) if far else frozenset()
        except StoreDown:
            refused = frozenset()
        return self._memory.put(shelf, owner, {key: put for key, put in puts.items() if key not in refused})

    async def release(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> None:
        await self._shared.release(shelf, owner, keys)

    async def forget(self, shelf: str, keys: Collection[str], version: int | None) -> frozenset[str]:
        """The shared store first: a copy made between the two must find memory's fence raised after it was read."""
        news = await self._shared.forget(shelf, keys, version)
        return news | self._memory.drop(shelf, keys, version)

    async def _alone(self, shelf: Shelf[T], owner: str, keys: Collection[str], lease_s: float) -> dict[str, Claim[T]]:
        near = await self._memory.begin(shelf, owner, keys, lease_s)
        return {key: Claim((*claim.fence, None), leads=True, entry=claim.entry) for key, claim in near.items()}

    def _copy(self, shelf: Shelf[T], owner: str, entries: Mapping[str, Entry[T]], number: int) -> None:
        self._memory.put(shelf, owner, {key: Put(entry, (number,)) for key, entry in entries.items()})
