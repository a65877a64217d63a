"""Every outside system x every way to fail x every state of the cache, against what the schema declares."""

from __future__ import annotations

import pytest

from domains.vocabulary import SystemRole
from tests.faults.axes import FAULTS, CacheState, Fault
from tests.faults.documents import reached, requests_of
from tests.faults.matrix import Matrix, all_keys

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("system", SystemRole, ids=lambda system: system.value)
def test_all_is_well_before_anything_fails(matrix: Matrix, system: SystemRole) -> None:
    """Every asking reaches a value of its field in the seeded world, and each reaches its system."""
    for asked in requests_of(system):
        body, calls = matrix.healthy(asked)
        for place, asking in enumerate(asked):
            assert any(value is not None for _, value in reached(body["data"], asking, place)), asking
        assert calls


@pytest.mark.parametrize(
    ("system", "fault", "state"),
    all_keys(FAULTS),
    ids=lambda part: getattr(part, "name", None) if isinstance(part, Fault) else part.value,
)
def test_a_cell(matrix: Matrix, system: SystemRole, fault: Fault, state: CacheState) -> None:
    """Each field shows what it declares, in time, without asking more often than it may; others are unharmed."""
    cell = matrix.cell(system, fault, state)
    assert cell.complaints == ()
    assert cell.beside is None or cell.beside.complaints == ()
