"""Why a stream ends."""

from __future__ import annotations

import enum
from typing import Protocol


class EndReason(enum.Enum):
    """Told in the last thing that is sent."""

    SERVER_DRAINING = "SERVER_DRAINING"  # this process goes down; another one carries on
    MAX_LIFETIME = "MAX_LIFETIME"
    SLOW_READER = "SLOW_READER"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a reason and no secret: who asked is not known any more
    PERMIT_LOST = "PERMIT_LOST"  # the caller is known, and may not ask for one of its fields any more
    SUBJECT_GONE = "SUBJECT_GONE"  # there is nothing left to see, or it is not the caller's any more

    @property
    def resumable(self) -> bool:
        """Whether the client should come back with the last event's id.

        Standard clients do so by themselves when the connection ends and nothing said that the operation is complete,
        so these ends are told beside the protocol's `complete`, and the others in it.
        """
        return self in {EndReason.SERVER_DRAINING, EndReason.MAX_LIFETIME, EndReason.SLOW_READER}


class Ending(Protocol):
    """What can be told to end."""

    def end(self, reason: EndReason) -> None: ...


class SlowReader(Exception):
    """The client did not take what it was sent in time."""
