"""The path of the operation being answered, carried from the door to every outside call."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import ContextVar

from domains.vocabulary import Scoped, ServingPath

_current: ContextVar[ServingPath | None] = ContextVar("retailgraph_path", default=None)


def current_path() -> ServingPath | None:
    """The path of the operation on whose time this runs; None when nobody waits, as in background work."""
    return _current.get()


def path_scope(path: ServingPath) -> AbstractContextManager[None]:
    """Everything inside, and every task started inside, is on `path`."""
    return Scoped(_current, path)
