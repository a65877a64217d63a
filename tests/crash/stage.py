"""What every crash test plays on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.crash.audit import Before, look, mismatches
from tests.crash.books import Books
from tests.crash.client import Client
from tests.crash.people import Bought, People
from tests.crash.processes import LEASE_S, House, Nursery, house, settings
from tests.crash.shopping import Shopping
from tests.running import until

ASKED_WITHIN_S = 15.0


@dataclass(frozen=True)
class Stage:
    """Four systems by their roles, their books, everybody who will be there, and a folder."""

    systems: Mapping[str, str]
    books: Books
    people: People
    folder: Path
    nursery: Nursery

    def house(
        self,
        database: str,
        *,
        gateways: int = 1,
        workers: int = 0,
        works: bool = False,
        lease_s: float = LEASE_S,
        more: str = "",
    ) -> AbstractContextManager[House]:
        """A deployment on `database`, running. With `works` its gateways do steps too. `more` is TOML."""
        who = self.people.identity()
        told = settings(self.systems, self.folder, database, who, works=works, lease_s=lease_s, more=more)
        return house(told, self.folder, self.nursery, gateways=gateways, workers=workers)

    def look(self, bought: list[Bought]) -> Before:
        """What the books say now."""
        return look(self.books, self.people.shoppers, bought)

    def shopping(self, client: Client) -> Shopping:
        return Shopping(client, self.people.shoppers, self.people.skus)

    def mismatches(self, before: Before, done: Shopping) -> list[str]:
        """What the books say now that they should not; none when they agree with what was acknowledged."""
        return mismatches(self.books, before, done)

    def fail(self, system: str, **faults: object) -> None:
        """These faults and no others; none makes the system well."""
        httpx.post(f"{self.systems[system]}/_sandbox/faults", json=faults, trust_env=False).raise_for_status()

    def calls(self, system: str) -> dict[str, int]:
        """How often each endpoint was asked since the system started; not those whose pages are read ahead of time."""
        counted: dict[str, int] = httpx.get(f"{self.systems[system]}/_sandbox/calls", trust_env=False).json()
        return {endpoint: times for endpoint, times in counted.items() if not endpoint.endswith("/pages")}

    def asked(self, system: str, path: str) -> int:
        """How often one of them was written to, or asked with a body."""
        return self.calls(system).get(f"POST {path}", 0)

    async def until_asked(self, system: str, path: str, before: int) -> None:
        """Wait until it has been asked more often than `before`."""

        def more() -> bool | None:
            return self.asked(system, path) > before or None

        await asyncio.to_thread(until, more, f"a call of {path}", ASKED_WITHIN_S)
