"""Advisory locks of Postgres are numbers that a whole database shares: no two of the house are the same."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEAST = 1_000_000  # no limit or size in these files is so large


def locks(path: Path) -> list[int]:
    """The numbers that a module of the house takes for its locks."""
    assigned = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign))
    values = (node.value.value for node in assigned if isinstance(node.value, ast.Constant))
    return [value for value in values if isinstance(value, int) and value >= LEAST]


def test_every_lock_has_a_number_of_its_own() -> None:
    """Whoever makes API keys does not wait for whoever tells news, nor the other way round."""
    takers = [path for path in (ROOT / "gateway").rglob("*.py") if "pg_advisory" in path.read_text()]
    taken = {str(path): locks(path) for path in takers}
    assert len(takers) >= 7
    assert all(taken.values()), taken
    numbers = Counter(number for found in taken.values() for number in found)
    assert [number for number, times in numbers.items() if times > 1] == []
