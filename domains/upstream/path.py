"""The path of the operation being answered, carried from the door to every outside call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from domains.vocabulary import ServingPath

_current: ContextVar[ServingPath | None] = ContextVar("retailgraph_path", default=None)


def current_path() -> ServingPath | None:
    """The path of the operation on whose time this runs; None when nobody waits, as in background work."""
    return _current.get()


@contextlib.contextmanager
def path_scope(path: ServingPath) -> Iterator[None]:
    """Everything inside, and every task started inside, is on `path`."""
    token = _current.set(path)
    try:
        yield
    finally:
        _current.reset(token)
