"""What a service is made of: rows of routes, and the refusals their handlers raise."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

KEY = "Idempotency-Key"
"""Where a write finds its key among its parameters. No path has a parameter of this name."""

Clock = Callable[[], datetime]
"""Now, with a time zone. Passed in, so that a test can move it."""

Handler = Callable[[dict[str, Any], dict[str, str]], Awaitable[dict[str, Any]]]
"""Body and path parameters in, answer out; a write finds its idempotency key under `KEY` among the parameters.

A handler that changes something must not await between check and change.
"""


class Tell(Protocol):
    """Takes note that something changed: `record` is as it is now, in the contract's shape.

    `type_` as in "oms.order.changed"; `subject` is the native id of what changed. Of two notes of one subject the one
    with the higher `sequence` is the newer; without one it is numbered in the order of telling.
    """

    def __call__(self, type_: str, subject: str, record: dict[str, Any], sequence: int | None = None) -> None: ...


def untold(type_: str, subject: str, record: dict[str, Any], sequence: int | None = None) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Route:
    """One endpoint. `path` may hold `{id}`. A `write` needs an Idempotency-Key, and repeats its first answer.

    A `knob` is no part of the contract: a POST under `/_sandbox` that changes what the service knows.
    """

    method: str
    path: str
    handler: Handler
    write: bool = False
    knob: bool = False

    @property
    def name(self) -> str:
        """What it is counted under, e.g. `POST /v1/stock/lookup`."""
        return f"{self.method} {self.path}"


class Refused(Exception):
    """A handler says no. Becomes RFC 9457 problem details; `members` are added to them (`available="120"`)."""

    def __init__(self, status: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members
