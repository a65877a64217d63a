"""Sends one message at a time, and does not wait for ever for whoever reads them."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Send

from gateway.streams.ends import SlowReader


class Writer:
    """Around ASGI's `send`, which waits while the connection's buffer is full."""

    def __init__(self, send: Send, limit_s: float) -> None:
        self._send = send
        self._limit_s = limit_s
        self._one_by_one = asyncio.Lock()

    async def write(self, message: Message) -> None:
        """Send a message after those before it. Raises SlowReader when that takes too long; it is not sent then."""
        try:
            async with asyncio.timeout(self._limit_s), self._one_by_one:
                await self._send(message)
        except TimeoutError as late:
            raise SlowReader from late
