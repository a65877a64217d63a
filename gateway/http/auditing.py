"""What the endpoints need of whoever keeps a record of changes."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

from gateway.engine import Answer, Engine
from gateway.http.request import GraphQLRequest


class Auditor(Protocol):
    """Hears of every operation of one caller."""

    def heard(self, asked: GraphQLRequest, engine: Engine, run: Awaitable[Answer], /) -> Awaitable[Answer]:
        """What `run` answers, which has not begun yet, once what it changed is on record."""

    async def turned_away(self, asked: Sequence[GraphQLRequest], engine: Engine, code: str, /) -> None:
        """None of `asked` was run, for `code`."""
