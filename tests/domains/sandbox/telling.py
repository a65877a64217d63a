"""A listener to test with: what a service told, in order."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """Notes (type, subject, record, sequence), the record as it was when it was told."""

    notes: list[tuple[str, str, dict[str, Any], int | None]] = field(default_factory=list)

    def __call__(self, type_: str, subject: str, record: dict[str, Any], sequence: int | None = None) -> None:
        self.notes.append((type_, subject, deepcopy(record), sequence))

    def about(self, type_: str) -> list[tuple[str, dict[str, Any]]]:
        """Subjects and records of the notes of one type."""
        return [(subject, record) for kind, subject, record, _ in self.notes if kind == type_]
