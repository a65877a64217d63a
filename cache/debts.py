"""Invalidations that a store missed while it was down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection


class Debts:
    """At most `owed_max` of them, then simply `everything`. Pure."""

    def __init__(self, owed_max: int) -> None:
        self._owed_max = owed_max
        self._owed: dict[tuple[str, str], int | None] = {}
        self.everything = False

    def __bool__(self) -> bool:
        return self.everything or bool(self._owed)

    def __len__(self) -> int:
        return len(self._owed)

    def add(self, shelf: str, keys: Collection[str], version: int | None) -> None:
        """Owe these. Of several versions of one key the newest counts; one without a version counts most."""
        for key in keys:
            owed = self._owed.get((shelf, key), version)
            self._owed[shelf, key] = None if owed is None or version is None else max(owed, version)
        if len(self._owed) > self._owed_max:
            self._owed.clear()
            self.everything = True

    def batches(self) -> list[tuple[str, list[str], int | None]]:
        """What is owed now, by shelf and version."""
        batches: dict[tuple[str, int | None], list[str]] = defaultdict(list)
        for (shelf, key), version in self._owed.items():
            batches[shelf, version].append(key)
        return [(shelf, keys, version) for (shelf, version), keys in batches.items()]

    def paid(self, shelf: str, keys: Collection[str], version: int | None) -> None:
        """These were made up for; what has been added since stays owed."""
        for key in keys:
            if self._owed.get((shelf, key), ...) == version:
                del self._owed[shelf, key]
