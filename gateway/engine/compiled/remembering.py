"""What was written of records, for the next answer that has the same ones in it."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from domains.vocabulary import FreshnessTier, Record, Row
from gateway.engine.compiled.running import Run
from resolvers.loaders import Loaders

VALUES_MAX = 100_000
"""Values that are remembered for one schema, with their records some 10 MB: the pages of a few thousand products."""

VALUE_CHARACTERS = 256
"""Of a text that counts as one value; a longer one counts as so many more. Descriptions have a few hundred, or tens of
thousands, and lists that last keep them as they were written, under each name that they were asked for by."""


V = TypeVar("V")


class Lasting(list[Any]):
    """A list that will stand in further answers. Nobody may change it. `json` is how it is written, once it was."""

    __slots__ = ("json",)
    json: bytes | None

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__(items)
        self.json = None


class Memo(dict[int, V], Generic[V]):
    """What one place of a plan wrote of records, or of rows, by their identity. What stands here is kept alive."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__  # type: ignore[assignment]  # for the set of all


class Written:
    """What the plans of one schema remember. All of it is forgotten when it is too much.

    Records never change, and a cache hands out the same ones while it has them; so what is only read off a record need
    not be read again. What is remembered is shared by answers, so nobody may change it. A run that
    had to wait for something remembers nothing: what a projection reads is fresh, too, and made anew each time.
    """

    def __init__(self, values_max: int = VALUES_MAX) -> None:
        self._values_max = values_max
        self._values = 0
        self._memos: weakref.WeakSet[Memo[Any]] = weakref.WeakSet()
        self._records: list[Record | Row] = []

    def memo(self) -> Memo[Any]:
        """One for a place of a plan. It is forgotten with the plan."""
        memo = Memo[Any]()
        self._memos.add(memo)
        return memo

    def keep(self, memo: Memo[Any], run: Run, record: object, written: dict[str, Any]) -> None:
        """Remember what was written of `record`, if that is one that cannot change. More may be written there."""
        if isinstance(record, Record) and is_well(run):
            self._keep(memo, record, written.copy(), _values_in(written))

    def keep_row(self, memo: Memo[Any], run: Run, row: object, written: list[Any]) -> None:
        """Remember what was written of `row`, if that is one of nothing but fresh readings."""
        if type(row) is Row and all(one.tier is FreshnessTier.FRESH for one in row) and is_well(run):
            self._keep(memo, row, written, len(written) + 1)  # its items are remembered and counted already

    def keep_whole(self, memo: Memo[V], row: Row, whole: V, written: Lasting) -> None:
        """Remember what was `written` of a row with all that stands below it, in a run that was well."""
        self._keep(memo, row, whole, _values_in([*written]))

    def _keep(self, memo: Memo[Any], of: Record | Row, written: Any, number: int) -> None:
        if number > self._values_max:
            return
        self._values += number
        if self._values > self._values_max:
            for one in self._memos:
                one.clear()
            self._records.clear()
            self._values = number
        self._records.append(of)
        memo[id(of)] = written


def is_well(run: Run) -> bool:
    """Whether what it makes may be remembered."""
    loaders: Loaders | None = getattr(run.context, "loaders", None)
    return loaders is not None and not loaders.provenance.waited and not run.errors


def _values_in(written: Any) -> int:
    if type(written) is str:
        return 1 + len(written) // VALUE_CHARACTERS
    if type(written) is dict:
        return 1 + sum(map(_values_in, written.values()))
    return 1 + sum(map(_values_in, written)) if type(written) is list else 1
