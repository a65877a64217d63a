"""What counts as all that there is, while a system stalls."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.bench.asking import Answer
from gateway.bench.questions import QUESTIONS, Part, needing, sparing

ACCOUNT = next(one for one in QUESTIONS if one.name == "account")
PRODUCT = {"name": "a shirt"}


def told(customer: Any, *systems: str, product: Any = PRODUCT, status: int = 200) -> Answer:
    errors = tuple("UPSTREAM_TIMEOUT" for _ in systems)
    return Answer(status, {"product": product, "customer": customer}, errors, systems=frozenset(systems))


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (told({"displayName": "Anna", "freshness": {"tier": "LIVE"}}), Part.WHOLE),
        (told({"displayName": "Anna", "freshness": {"tier": "STALE_DEGRADED"}}), Part.OLDER),
        (told(None, "CRM"), Part.MISSING),
        (told(None), None),
        (told(None, "OMS"), None),
        (told(None, "CRM", "OMS"), None),
        (told({"displayName": "Anna"}, "CRM"), None),
        (told(None, "CRM", product=None), None),
        (told(None, "CRM", status=503), None),
        (Answer(0, {}, fault="TimeoutError"), None),
    ],
)
def test_an_answer_keeps_back_what_it_has_to_and_no_more(answer: Answer, part: Part | None) -> None:
    """The product is there, and what only the system knows is whole, marked as older, or null and named."""
    assert ACCOUNT.judged(answer) is part


def test_everything_needs_one_system_at_most() -> None:
    """Of each system that stalls, some need it and some do not, and all are one or the other."""
    for system in ("CRM", "OMS"):
        assert needing(system)
        assert len(sparing(system)) >= 2
        assert {one.name for one in (*needing(system), *sparing(system))} == {one.name for one in QUESTIONS}
