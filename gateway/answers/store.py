"""Where answers are kept: bounded in bytes, the least recently used out first, each tied to what it was made of."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from gateway.answers.question import Question
from gateway.answers.whole import Whole

ENTRY_BYTES = 2000
"""An answer beside its texts: key, record, its lifetime twice. Measured at 1,100 with two places in it, and 80 for each
more."""
TIE_BYTES = 340
"""One key that an answer is tied to: its place in the record, and a set in the index. Measured; a third of it where
answers share the key."""


class _Kept(NamedTuple):
    whole: Whole
    ties: Mapping[str, Collection[str]]
    until: float
    bytes: int


class Store:
    """Holds at most `bytes_max`, and no answer of more than `answer_bytes_max`."""

    def __init__(self, bytes_max: int, answer_bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._answer_bytes_max = answer_bytes_max
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()
        self._tied: dict[str, dict[str, set[Question]]] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, question: Question, now: float) -> Whole | None:
        """The answer, while it is good."""
        kept = self._kept.get(question)
        if kept is None:
            return None
        if now >= kept.until:
            self._remove(question)
            return None
        self._kept.move_to_end(question)
        return kept.whole

    def put(self, question: Question, whole: Whole, ties: Mapping[str, Collection[str]], until: float) -> bool:
        """Keep an answer to that time, and no longer than all of its ties stand. False for one that is too large."""
        weight = weigh(question, whole, ties)
        self._remove(question)
        if weight > self._answer_bytes_max:
            return False
        self._kept[question] = _Kept(whole, ties, until, weight)
        self.bytes += weight
        for shelf, keys in ties.items():
            index = self._tied.setdefault(shelf, {})
            for key in keys:
                index.setdefault(key, set()).add(question)
        while self.bytes > self._bytes_max:
            self._remove(next(iter(self._kept)))
        return True

    def forget(self, shelf: str, keys: Collection[str]) -> int:
        """Drop what is tied to any of the keys. Answers how many answers that were."""
        index = self._tied.get(shelf)
        if not index:
            return 0
        found = {question for key in keys for question in index.get(key, ())}
        for question in found:
            self._remove(question)
        return len(found)

    def clear(self) -> int:
        """Drop everything. Answers how many answers that were."""
        count = len(self._kept)
        self._kept.clear()
        self._tied.clear()
        self.bytes = 0
        return count

    def _remove(self, question: Question) -> None:
        kept = self._kept.pop(question, None)
        if kept is None:
            return
        self.bytes -= kept.bytes
        for shelf, keys in kept.ties.items():
            index = self._tied[shelf]
            for key in keys:
                questions = index[key]
                questions.discard(question)
                if not questions:
                    del index[key]


def weigh(question: Question, whole: Whole, ties: Mapping[str, Collection[str]]) -> int:
    """Bytes of memory. The body counts twice, for it is also kept as it was last handed out."""
    texts = 2 * sys.getsizeof(whole.core) + sys.getsizeof(question.variables)
    return ENTRY_BYTES + texts + TIE_BYTES * sum(map(len, ties.values()))
