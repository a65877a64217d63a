"""What the keyed mutations of one operation came to, for whoever keeps a record of it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from domains.vocabulary import Record


@dataclass(slots=True)
class Written:
    """One mutation: the caller's own key, and its answer. None while there is none, and where it raised."""

    key: str
    answer: Record | None = None
    replayed: bool = False


written: ContextVar[dict[str, Written] | None] = ContextVar("retailgraph_written", default=None)
"""The mutations that have begun, by their place in the response. None: nobody wants to know.

Set by whoever runs the operation; the tasks below inherit the one dictionary.
"""
