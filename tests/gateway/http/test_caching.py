"""What caches between us and the client are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import OperationType

from gateway.answers import Lifetime
from gateway.engine import Answer, internal_fault
from gateway.http import Admitted
from gateway.http.caching import cache_headers, public_lifetime
from gateway.http.head import Head

QUERY, MUTATION = OperationType.QUERY, OperationType.MUTATION
WHOLE = Answer({"product": {}}, kind=QUERY)


@dataclass(frozen=True)
class Aged:
    age_s: int
    max_age_s: int
    observed_at: float = 0.0
    good_until: float = 0.0

    def later(self, now: float) -> Lifetime:
        return self

    def told(self) -> Mapping[str, object]:
        return {}


@pytest.mark.parametrize(
    ("answer", "lifetime", "names_caller", "may_be_shared", "expected"),
    [
        (WHOLE, Aged(0, 5), False, True, {"Cache-Control": "public, max-age=5", "Age": "0"}),
        (WHOLE, Aged(3, 5), False, True, {"Cache-Control": "public, max-age=5", "Age": "3"}),
        (WHOLE, Aged(40, 5), False, True, {"Cache-Control": "public, max-age=5", "Age": "40"}),
        (WHOLE, Aged(0, 5), True, True, {"Cache-Control": "private, no-store"}),
        (WHOLE, Aged(0, 5), False, False, {"Cache-Control": "no-store"}),
        (WHOLE, None, False, True, {"Cache-Control": "no-store"}),
        (Answer({"a": 1}, kind=MUTATION), Aged(0, 5), False, True, {"Cache-Control": "no-store"}),
        (Answer({"a": None}, (internal_fault(),), kind=QUERY), Aged(0, 5), False, True, {"Cache-Control": "no-store"}),
        (Answer(None, (internal_fault(),), True), Aged(0, 5), False, True, {"Cache-Control": "no-store"}),
    ],
    ids=["live", "aged", "stale", "token", "private", "unread", "mutation", "errors", "refused"],
)
def test_only_a_whole_public_answer_is_kept(
    answer: Answer, lifetime: Aged | None, names_caller: bool, may_be_shared: bool, expected: dict[str, Any]
) -> None:
    """A query of public data without errors is public for as long as it is fresh; everything else is nobody's."""
    admitted = Admitted(None, lifetime=lambda: lifetime, may_be_shared=lambda: may_be_shared)
    head = Head([(b"authorization", b"Bearer ada")] if names_caller else [])
    assert cache_headers(public_lifetime(answer, admitted, head), head, otherwise="no-store") == expected
