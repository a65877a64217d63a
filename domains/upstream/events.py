"""What a Wire tells whoever listens: telemetry, the operations view, tests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from domains.upstream.breaker import BreakerState, Verdict
from domains.vocabulary import SystemRole

_log = logging.getLogger(__name__)


# A struct, which is made in a tenth of the time of a frozen dataclass: there is one for each call.
class CallFinished(msgspec.Struct, frozen=True, gc=False):
    """A call came to its end, retries included. `error` is the code of the error tree, "CANCELLED", or None.

    `attempts` counts how often the system was asked: 0 when the call was shed.
    """

    system: SystemRole
    capability: str
    verdict: Verdict
    error: str | None
    elapsed_s: float
    attempts: int


@dataclass(frozen=True, slots=True)
class BreakerChanged:
    system: SystemRole
    capability: str
    state: BreakerState


@dataclass(frozen=True, slots=True)
class Shed:
    """The system was not asked. `why` is the code of the error that was raised instead."""

    system: SystemRole
    capability: str
    why: str


Event: TypeAlias = CallFinished | BreakerChanged | Shed
Hook: TypeAlias = Callable[[Event], None]
"""Called in the event loop, between awaits: it must be quick and must not block."""


def tell(hooks: Iterable[Hook], event: Event) -> None:
    """Call each hook; one that raises is logged and costs neither the others nor the call."""
    for hook in hooks:
        try:
            hook(event)
        except Exception:  # noqa: BLE001 - a listener is foreign code, and no customer pays for its faults
            _log.exception("a hook of the Wire failed on %s", type(event).__name__)
