"""How a socket closes: the codes of github.com/enisdenjo/graphql-ws (PROTOCOL.md), and those of RFC 6455."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.streams import EndReason

SUBPROTOCOL = "graphql-transport-ws"

REASON_BYTES_MAX = 123  # a control frame has 125 bytes (RFC 6455, 5.5), two of them are the code


@dataclass(frozen=True, slots=True)
class Close:
    """What the close frame says. Clients come back by themselves after 1012, 1013 and 4403, and not after others."""

    code: int
    reason: str

    @property
    def short_reason(self) -> str:
        """As much of it as a close frame holds."""
        return self.reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


INIT_TIMEOUT = Close(4408, "Connection initialisation timeout")
TOO_MANY_INITS = Close(4429, "Too many initialisation requests")
UNAUTHORIZED = Close(4401, "Unauthorized")
NOT_ACCEPTABLE = Close(4406, "Subprotocol not acceptable")
TOO_MANY_SOCKETS = Close(1013, "TOO_MANY_SOCKETS")
NO_HEARTBEAT = Close(1012, "HEARTBEAT_MISSED")
INTERNAL = Close(4500, "INTERNAL")

ENDS = {
    EndReason.SERVER_DRAINING: Close(1012, EndReason.SERVER_DRAINING.value),
    EndReason.MAX_LIFETIME: Close(1012, EndReason.MAX_LIFETIME.value),
    EndReason.SLOW_READER: Close(1013, EndReason.SLOW_READER.value),
    EndReason.TOKEN_EXPIRED: Close(4403, EndReason.TOKEN_EXPIRED.value),
}
"""Ends of a stream that end its whole socket: they are as true of the others on it."""


def invalid(why: str) -> Close:
    """For a message that the protocol does not have."""
    return Close(4400, why)


def come_back(why: str) -> Close:
    """For what cannot be answered just now."""
    return Close(1013, why)


def forbidden(why: str) -> Close:
    return Close(4403, why)


def taken(operation_id: str) -> Close:
    return Close(4409, f"Subscriber for {operation_id} already exists")
