"""What the pantry tells whoever listens: telemetry, the operations view, tests."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from typing import TypeAlias

import msgspec

_log = logging.getLogger(__name__)


class CacheEventKind(enum.Enum):
    HIT = "hit"  # served fresh
    STALE = "stale"  # served stale, being refreshed
    MISS = "miss"  # had to be loaded, or waited for a load under way
    DEGRADED = "degraded"  # served stale because the source failed or was slow
    LOADED = "loaded"  # the source answered; `seconds` is how long it took
    LOAD_FAILED = "load_failed"  # the source did not answer; `error` is the code of the error tree
    REFRESH_SKIPPED = "refresh_skipped"  # as many refreshes as may be are under way
    FORGOTTEN = "forgotten"  # invalidated here
    HEARD = "heard"  # invalidated by another process; `seconds` is the lag
    FLUSHED = "flushed"  # invalidations were missed, so the first tier was emptied
    STORE_DOWN = "store_down"  # the shared store failed; it is left alone for `seconds`
    STORE_UP = "store_up"  # the shared store answers again


class CacheEvent(msgspec.Struct, frozen=True):
    """One thing that happened to `keys` keys of the cache called `name`."""

    kind: CacheEventKind
    name: str
    keys: int = 0
    seconds: float | None = None
    error: str | None = None


CacheHook: TypeAlias = Callable[[CacheEvent], None]
"""Called in the event loop, between awaits: it must be quick and must not block."""


def nobody(_event: CacheEvent) -> None:
    """The hook that listens to nothing."""


def tell(hook: CacheHook, event: CacheEvent) -> None:
    """Call the hook; one that raises is logged and costs no answer."""
    try:
        hook(event)
    except Exception:  # noqa: BLE001 - a listener is foreign code, and no customer pays for its faults
        _log.exception("a hook of the cache failed on %s", event.kind.value)
