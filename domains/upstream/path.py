"""The path of the operation being answered, carried from the door to every outside call."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import ContextVar

from domains.vocabulary import ServingPath

_current: ContextVar[ServingPath | None] = ContextVar("retailgraph_path", default=None)


def current_path() -> ServingPath | None:
    """The path of the operation on whose time this runs; None when nobody waits, as in background work."""
    return _current.get()


def path_scope(path: ServingPath) -> AbstractContextManager[None]:
    """Everything inside, and every task started inside, is on `path`."""
    return _Scope(path)


class _Scope:
    """A class, because each request opens one: a generator of contextlib takes three times as long."""

    __slots__ = ("_path", "_token")

    def __init__(self, path: ServingPath) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._token = _current.set(self._path)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
