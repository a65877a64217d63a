"""A response as JSON, with what stood in an answer before as it was written then."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
