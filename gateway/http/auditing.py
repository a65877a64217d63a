"""What the endpoints need of whoever keeps a record of changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from gateway.engine import Answer, Engine
from gateway.http.request import GraphQLRequest


class Auditor(Protocol):
    """Hears of every operation of one caller."""

    async def heard(self, asked: GraphQLRequest, engine: Engine, run: Callable[[], Awaitable[Answer]], /) -> Answer:
        """What `run` answers, once what it changed is on record."""

    async def turned_away(self, asked: Sequence[GraphQLRequest], engine: Engine, code: str, /) -> None:
        """None of `asked` was run, for `code`."""
