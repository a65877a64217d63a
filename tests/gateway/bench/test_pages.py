"""The documents that are measured."""

from __future__ import annotations

import pytest

from gateway.audiences import read_audiences
from gateway.bench.growth import LISTS
from gateway.bench.pages import PAGES, Page, list_of
from gateway.bench.stages import STAGES
from gateway.explaining import Terms, explained
from gateway.schema import build_schema

SCHEMA = build_schema()


@pytest.mark.parametrize("page", [*PAGES, *map(list_of, LISTS)], ids=lambda page: page.name)
async def test_every_page_runs_for_its_audience(page: Page) -> None:
    """Each is valid in the view of whoever asks it, and within what they may ask, but for the longest lists."""
    audience = read_audiences().of(page.audience)
    (told,) = await explained(SCHEMA, Terms(audience, audience.path), page.query, page.variables)
    assert told.objections == ()
    assert len(STAGES) == len(set(STAGES))
