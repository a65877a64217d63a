"""What an operation really costs: the calls that its Wires make while it is being answered."""

from __future__ import annotations

from contextvars import ContextVar

from domains.upstream import CallFinished, Event
from domains.vocabulary import SystemRole

Calls = dict[SystemRole, int]

current_calls: ContextVar[Calls | None] = ContextVar("retailgraph_calls", default=None)
"""Set at the door, and copied with the context into every task the operation starts. None: nobody pays, as for
background work."""


def count_call(event: Event) -> None:
    """A Hook for every Wire. A call that was shed asked nobody; retries are the house's own doing, and count as one.

    A call that goes on when its operation has been answered is paid by nobody, like a refresh: one for each key.
    """
    if isinstance(event, CallFinished) and event.attempts:
        calls = current_calls.get()
        if calls is not None:
            calls[event.system] = calls.get(event.system, 0) + 1
