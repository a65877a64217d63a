"""What was written of records, for the next answer that has the same ones in it."""

from __future__ import annotations

import weakref
from typing import Any

from domains.vocabulary import Record
from gateway.engine.compiled.running import Run
from resolvers.loaders import Loaders

VALUES_MAX = 100_000
"""Values that are remembered for one schema, with their records some 10 MB: the pages of a few thousand products."""


class Memo(dict[int, dict[str, Any]]):
    """What one place of a plan wrote of records, by their identity. A record that stands here is kept alive."""

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
        self._memos: weakref.WeakSet[Memo] = weakref.WeakSet()
        self._records: list[Record] = []

    def memo(self) -> Memo:
        """One for a place of a plan. It is forgotten with the plan."""
        memo = Memo()
        self._memos.add(memo)
        return memo

    def keep(self, memo: Memo, run: Run, record: object, written: dict[str, Any]) -> None:
        """Remember what was written of `record`, if that is one that cannot change. More may be written there."""
        loaders: Loaders | None = getattr(run.context, "loaders", None)
        if loaders is None or loaders.provenance.waited or run.errors or not isinstance(record, Record):
            return
        written = written.copy()
        self._values += _values_in(written)
        if self._values > self._values_max:
            for one in self._memos:
                one.clear()
            self._records.clear()
            self._values = _values_in(written)
        self._records.append(record)
        memo[id(record)] = written


def _values_in(written: Any) -> int:
    if type(written) is dict:
        return 1 + sum(map(_values_in, written.values()))
    return 1 + sum(map(_values_in, written)) if type(written) is list else 1
