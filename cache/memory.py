"""The store within the process: bounded in bytes, least recently used first out."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from cache.board import Board
from cache.store import Claim, Entry, Put, Shelf
from cache.weight import weigh

T = TypeVar("T")

OVERHEAD_BYTES = 850
"""What one entry costs beside its value: key tuple, digest, two dictionary places, the record, and 230 for its own key
and its place on a board. Measured."""

FLOORS_MAX = 20_000
"""Most keys whose last invalidation or eviction is remembered. What falls out counts for every key from then on."""


_Place: TypeAlias = tuple[str, str]  # shelf and key
_Slot: TypeAlias = tuple[str, str, str]  # shelf, key and owner: flat, because every read makes one and hashes it


class _Kept(msgspec.Struct):
    entry: Entry[Any]
    number: int
    size: int
    board: Board[Any] | None = None
    name: Hashable = None

    def taken_down(self) -> bool:
        """Whether it was on a board, on which it is no more."""
        return self.board is not None and self.board.take_down(self.name)


class _Floor(msgspec.Struct, frozen=True):
    """No load with a number up to this one is kept; `version` is that of the last invalidation that had one."""

    number: int
    version: int | None


class MemoryStore:
    """Holds at most `max_bytes`. `clock` gives seconds since the epoch. Never down, and always lets a load lead.

    What is on a board is used without a word to the store. So when there is no room, and the least recently used is on
    one, it is taken down and kept for another round: who wants it again has to come here.
    """

    def __init__(self, max_bytes: int, clock: Callable[[], float], floors_max: int = FLOORS_MAX) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._floors_max = floors_max
        self._kept: OrderedDict[_Slot, _Kept] = OrderedDict()
        self._owners: dict[_Place, set[str]] = {}
        self._floors: OrderedDict[_Place, _Floor] = OrderedDict()
        self._lost_floor = 0
        self._number = 0
        self._bytes = 0

    @property
    def used_bytes(self) -> int:
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    async def get_many(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> dict[str, Entry[T]]:
        return self._standing(shelf, owner, keys)

    async def begin(self, shelf: Shelf[T], owner: str, keys: Collection[str], lease_s: float) -> dict[str, Claim[T]]:  # noqa: ARG002 - the port's: nobody else loads here
        standing = self._standing(shelf, owner, keys)
        return {key: Claim((self.number(),), leads=True, entry=standing.get(key)) for key in keys}

    async def set_many(self, shelf: Shelf[T], owner: str, puts: Mapping[str, Put[T]]) -> frozenset[str]:
        return self.put(shelf, owner, puts)

    async def release(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> None:
        """Nothing was leased."""

    async def forget(self, shelf: str, keys: Collection[str], version: int | None) -> frozenset[str]:
        return self.drop(shelf, keys, version)

    def number(self) -> int:
        """The number of a load that begins now."""
        self._number += 1
        return self._number

    def peek(self, shelf: Shelf[T], owner: str, keys: Sequence[str]) -> list[Entry[T] | None]:
        now = self._clock()
        found: list[Entry[T] | None] = []
        name, all_kept = shelf.name, self._kept
        get, used, add = all_kept.get, all_kept.move_to_end, found.append
        for key in keys:
            slot = (name, key, owner)
            kept = get(slot)
            if kept is None:
                add(None)
                continue
            entry = kept.entry
            if now >= entry.loaded_at + entry.keep_s:
                self._remove(slot)
                add(None)
                continue
            used(slot)
            add(entry)
        return found

    def show(self, shelf: Shelf[T], owner: str, key: str, board: Board[T], name: Hashable, until: float) -> None:  # noqa: PLR0917 - the port's
        kept = self._kept.get((shelf.name, key, owner))
        if kept is None or kept.entry.reading is None:
            return
        if board.show(name, kept.entry.reading, until, self._clock()):
            kept.board, kept.name = board, name

    def put(self, shelf: Shelf[T], owner: str, puts: Mapping[str, Put[T]]) -> frozenset[str]:
        """`set_many`, at once."""
        done = []
        for key, put in puts.items():
            place, slot, number = (shelf.name, key), (shelf.name, key, owner), put.fence[0]
            if number is None or number <= self._floor(place, slot):
                continue
            self._take(slot)
            size = OVERHEAD_BYTES + weigh(put.entry)
            if put.entry is None or size > self._max_bytes:
                self._raise_floor(place, number, None)
            else:
                self._make_room(size)
                self._kept[slot] = _Kept(put.entry, number, size)
                self._owners.setdefault(place, set()).add(owner)
                self._bytes += size
            done.append(key)
        return frozenset(done)

    def drop(self, shelf: str, keys: Collection[str], version: int | None) -> frozenset[str]:
        """`forget`, at once."""
        news = []
        for key in keys:
            place = (shelf, key)
            floor = self._floors.get(place)
            known = floor.version if floor else None
            if version is not None and known is not None and version <= known:
                continue
            for owner in tuple(self._owners.get(place, ())):
                self._remove((*place, owner))
            self._raise_floor(place, self.number(), version)
            news.append(key)
        return frozenset(news)

    def flush(self) -> None:
        """Drop everything, and whatever loads under way will bring."""
        for kept in self._kept.values():
            kept.taken_down()
        self._kept.clear()
        self._owners.clear()
        self._bytes = 0
        self._lost_floor = self.number()

    def _standing(self, shelf: Shelf[T], owner: str, keys: Collection[str]) -> dict[str, Entry[T]]:
        asked = tuple(keys)
        entries = zip(asked, self.peek(shelf, owner, asked), strict=True)
        return {key: entry for key, entry in entries if entry is not None}

    def _make_room(self, size: int) -> None:
        while self._bytes + size > self._max_bytes:
            slot, kept = next(iter(self._kept.items()))
            if kept.taken_down():
                self._kept.move_to_end(slot)
            else:
                self._remove(slot)

    def _remove(self, slot: _Slot) -> None:
        """Take out what has been served: a slower load that began before it must not take its place."""
        kept = self._take(slot)
        if kept is not None:
            self._raise_floor(slot[:2], kept.number, None)

    def _take(self, slot: _Slot) -> _Kept | None:
        kept = self._kept.pop(slot, None)
        if kept is None:
            return None
        kept.taken_down()
        place, owner = slot[:2], slot[2]
        self._bytes -= kept.size
        owners = self._owners[place]
        owners.discard(owner)
        if not owners:
            del self._owners[place]
        return kept

    def _floor(self, place: _Place, slot: _Slot) -> int:
        floor, kept = self._floors.get(place), self._kept.get(slot)
        return max(self._lost_floor, floor.number if floor else 0, kept.number if kept else 0)

    def _raise_floor(self, place: _Place, number: int, version: int | None) -> None:
        old = self._floors.pop(place, None)
        if old is not None:
            number, version = max(number, old.number), old.version if version is None else version
        self._floors[place] = _Floor(number, version)
        while len(self._floors) > self._floors_max:
            self._lost_floor = max(self._lost_floor, self._floors.popitem(last=False)[1].number)
