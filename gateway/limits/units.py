"""What an operation costs, in the one coin that is scarce: calls to each outside system."""

from __future__ import annotations

from dataclasses import dataclass

from domains.vocabulary import SystemRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """So many calls to each system. Relations are asked in batches, so a call answers a whole level of an operation."""

    erp: int = 0
    oms: int = 0
    loyalty: int = 0
    crm: int = 0

    def __post_init__(self) -> None:
        if min(self.erp, self.oms, self.loyalty, self.crm) < 0:
            raise ValueError("a number of calls is 0 or more")

    def of(self, system: SystemRole) -> int:
        """The calls to one system."""
        number: int = getattr(self, system.value.lower())
        return number
