"""A response as JSON, with what stood in an answer before as it was written then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import OperationType

from gateway.engine import Answer, Lasting
from gateway.http.encoding import encoded

ITEMS: list[dict[str, Any]] = [{"name": "a", "in": [1, 2.5, None]}, {"name": "ü", "in": []}]


@pytest.mark.parametrize("data", [{"items": Lasting(ITEMS), "n": 1}, {"in": {"items": Lasting(ITEMS)}}, {}, None])
def test_what_lasts_is_written_as_anything_else(data: dict[str, Any] | None) -> None:
    """The first time and later; the data are not touched."""
    before = repr(data)
    for _ in range(3):
        answer, body = encoded(Answer(data), {"more": True})
        assert json.loads(body) == {"data": data, "extensions": {"more": True}}
        assert answer.data is data
    assert repr(data) == before


def test_what_lasts_is_written_once() -> None:
    """And kept with it."""
    items = Lasting(ITEMS)
    _, first = encoded(Answer({"items": items}), {})
    assert items.json is not None
    assert items.json in first
    items.json = b'["known"]'
    assert encoded(Answer({"items": items}), {})[1] == b'{"data":{"items":["known"]}}'


@pytest.mark.parametrize("odd", [2**70, "\ud800"])
def test_what_takes_longer_to_write_may_stand_beside_it_or_in_it(odd: object) -> None:
    """Neither loses anything."""
    for data in ({"items": Lasting([odd])}, {"items": Lasting(ITEMS), "odd": odd}):
        for _ in range(2):
            _, body = encoded(Answer(data), {})
            assert json.loads(body) == {"data": data}


@pytest.mark.parametrize("data", [{"a": "é" * 50}, {"a": 2**70, "b": "é" * 20}])
def test_an_answer_has_so_many_bytes_at_most(data: dict[str, Any]) -> None:
    """As they are sent, whichever way it is written. One that has more is told with both numbers, and holds no data."""
    whole, body = encoded(Answer(data), {})
    answer, same = encoded(Answer(data), {}, len(body))
    assert (answer.data, same) == (whole.data, body)
    answer, told = encoded(Answer(data, kind=OperationType.QUERY), {}, len(body) - 1)
    assert (answer.data, answer.code, answer.kind) == (None, "ANSWER_TOO_LARGE", OperationType.QUERY)
    found = json.loads(told)
    assert found["data"] is None
    (error,) = found["errors"]
    assert error["extensions"] == {"code": "ANSWER_TOO_LARGE", "found": len(body), "limit": len(body) - 1}
    assert "mutation" not in error["message"]


def test_what_a_mutation_did_stands_though_its_answer_is_too_large() -> None:
    """Whoever is told so is told that it is done, and how to ask for less of it."""
    _, told = encoded(Answer({"a": "b" * 100}, kind=OperationType.MUTATION), {}, 100)
    (error,) = json.loads(told)["errors"]
    assert "stands" in error["message"]
    assert "idempotency key" in error["message"]
