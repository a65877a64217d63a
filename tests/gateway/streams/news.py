"""News that a test tells, and what asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from domains.durable import Event
from gateway.engine import Answer
from gateway.streams import Told
from resolvers.subscribing import ORDERS, Occasion, Topic
from tests.journal import Journal

WAIT_S = 5.0


def order(number: int) -> Topic:
    return Topic(ORDERS, f"Order:{number}")


class News:
    """A journal whose news are about orders, named by numbers."""

    def __init__(self, first: int = 1) -> None:
        self.journal = Journal()
        self._next = first

    def tell(self, *numbers: int) -> None:
        for number in numbers:
            self.journal.told.append(
                Event(
                    id=f"e-{self._next}",
                    type="retail.order.changed.v1",
                    source="test",
                    time=datetime(2026, 11, 1, tzinfo=UTC),
                    subject=f"Order:{number}",
                    sequence=self._next,
                    data=msgspec.Raw(b"{}"),
                )
            )
            self._next += 1


class Asked:
    """An operation about some orders, which says on what occasions it was asked."""

    def __init__(self, *numbers: int) -> None:
        self.topics = frozenset(order(number) for number in numbers)
        self.occasions: list[Occasion] = []
        self.marks: list[Mapping[str, object]] = []
        self.visible = True
        self.failing = False
        self.error: Exception | None = None
        self.owner: str | None = "ada"

    async def ask(self, occasion: Occasion | None, beside: Mapping[str, object]) -> Told:
        assert occasion is not None
        if self.error is not None:
            raise self.error
        self.occasions.append(occasion)
        marks = beside["stream"]
        assert isinstance(marks, dict)
        self.marks.append(marks)
        occasion.gone, occasion.stands_in = not self.visible, self.failing
        occasion.topics = self.topics if self.visible else None
        return Told(Answer({}), b"%d" % len(self.occasions), self.owner)
