"""What is asked while a system stalls: documents that need one system each, or none, with a product beside it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from gateway.bench.asking import Answer, Asking
from gateway.bench.house import ASSOCIATE, SHOPPERS
from gateway.bench.load import Ended, Outcome, Task
from gateway.bench.shoppers import SHOWCASE

MEMBERSHIPS = tuple(f"LoyaltyMembership:mem-{number:05}" for number in range(1, 21))


class Part(enum.Enum):
    """What became of the part that only the system knows."""

    WHOLE = "whole"
    OLDER = "older, and marked so"
    MISSING = "missing, and named"


@dataclass(frozen=True, slots=True)
class Question:
    """One document. `needs` is the system it cannot do without, and `place` where what that knows stands.

    `variables` are those of its n-th asking, so that many things are asked for and not one.
    """

    name: str
    needs: str | None
    place: tuple[str | int, ...]
    document: str
    variables: Callable[[int], Mapping[str, Any]]

    def task(self, asking: Asking, number: int) -> Task:
        """Asking it for the n-th time, as an operation to be measured."""
        return partial(self._asked, asking, number)

    async def _asked(self, asking: Asking, number: int) -> Ended:
        answer = await asking.ask(self.document, self.variables(number), ASSOCIATE)
        part = self.judged(answer)
        if part is None:
            return Ended(self.name, Outcome.FAILED, answer.trouble)
        return Ended(self.name, Outcome.DONE, part.value)

    def judged(self, answer: Answer) -> Part | None:
        """What became of the part that the system knows; None for an answer that keeps more back than it has to.

        The product is always there. What is missing is null, with an error that names the system and no other; what is
        older than it should be says so.
        """
        if answer.status != 200 or not (answer.data.get("product") or {}).get("name"):
            return None
        if answer.errors:
            return Part.MISSING if answer.systems == {self.needs} and self._there(answer) is None else None
        there = self._there(answer)
        if there is None:
            return None
        tier = there.get("freshness", {}).get("tier")
        return Part.OLDER if tier == "STALE_DEGRADED" else Part.WHOLE

    def _there(self, answer: Answer) -> Any:
        there: Any = answer.data
        for step in self.place:
            there = None if there is None else there[step]
        return there


def _product(number: int) -> dict[str, Any]:
    return {"sku": SHOWCASE[number % len(SHOWCASE)]}


QUESTIONS = (
    Question(
        "product", None, ("product",), "query Name($sku: String!) { product(sku: $sku) { name category } }", _product
    ),
    Question(
        "stock",
        "OMS",
        ("availability", 0, "best"),
        """query Stock($sku: String!, $at: [ID!]!) { product(sku: $sku) { name }
             availability(lines: [{sku: $sku, quantity: "1"}], locations: $at) {
               fulfillable best { status availableToPromise freshness { tier } } } }""",
        lambda number: _product(number) | {"at": ["store-001"]},
    ),
    Question(
        "account",
        "CRM",
        ("customer",),
        """query Account($sku: String!, $id: ID!) { product(sku: $sku) { name }
             customer(id: $id) { displayName email freshness { tier } } }""",
        lambda number: _product(number) | {"id": SHOPPERS[number % len(SHOPPERS)]},
    ),
    Question(
        "points",
        "LOYALTY",
        ("node", "balance"),
        """query Points($sku: String!, $id: ID!) { product(sku: $sku) { name }
             node(id: $id) { ... on LoyaltyMembership { balance { available { value } freshness { tier } } } } }""",
        lambda number: _product(number) | {"id": MEMBERSHIPS[number % len(MEMBERSHIPS)]},
    ),
)
"""What is asked beside each other, in turn."""

EACH = max(len(SHOWCASE), len(SHOPPERS), len(MEMBERSHIPS))
"""So many askings of each question are of everything that it asks for."""


def needing(system: str) -> list[Question]:
    """Those that cannot do without it."""
    return [one for one in QUESTIONS if one.needs == system]


def sparing(system: str) -> list[Question]:
    """Those that can."""
    return [one for one in QUESTIONS if one.needs != system]
