"""Lets go of what a failure that has been understood still holds."""

from __future__ import annotations

CHAIN_MAX = 16  # of causes; a transport's fault has three, and a chain may run in a circle


def without_frames(fault: BaseException | None) -> None:
    """Drop the tracebacks of `fault` and of what it came from.

    A traceback holds the frames of all that was under way, and some of those (of aiohttp's tries to connect, of
    GraphQL's fields) hold the failure in turn. Only the garbage collector frees such a circle, some 200 objects for
    each failed answer, and everybody waits while it runs: a failing system would be felt by those who do not ask it.
    """
    for _ in range(CHAIN_MAX):
        if fault is None:
            return
        fault.__traceback__ = None
        fault = fault.__cause__ or fault.__context__
