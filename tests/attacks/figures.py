"""What the attacks were answered with, family by family, as a page."""

from __future__ import annotations

from collections import defaultdict

from tests.attacks.house import Target
from tests.attacks.row import Attack
from tests.attacks.tables import ROWS
from tests.attacks.wire import Got

MIB = 1024 * 1024


class Figures:
    """Answers by family."""

    def __init__(self) -> None:
        self._answers: dict[str, list[tuple[Attack, Got]]] = defaultdict(list)

    def add(self, attack: Attack, got: Got) -> None:
        self._answers[attack.family].append((attack, got))

    def complete(self) -> bool:
        return sum(len(answers) for answers in self._answers.values()) == len(ROWS)

    def page(self, target: Target) -> str:
        """A row for each family: how many, how slow, how large, and the codes they were refused with."""
        lines = ["| family | attacks | slowest | largest answer | codes |", "|---|---|---|---|---|"]
        for family, answers in self._answers.items():
            codes = sorted({attack.code or str(attack.status) for attack, _ in answers})
            slowest, largest = max(got.seconds for _, got in answers), max(got.size for _, got in answers)
            lines.append(f"| {family} | {len(answers)} | {slowest * 1000:.0f} ms | {largest} B | {', '.join(codes)} |")
        grown = (target.memory()["VmRSS"] - target.at_first["VmRSS"]) / MIB
        return (
            "# Attacks, and what they were answered with\n\nOn loopback, one process. Memory at the end: "
            f"{grown:+.0f} MiB.\n\n" + "\n".join(lines) + "\n"
        )
