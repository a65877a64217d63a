"""Whose work a machine does."""

import os
from pathlib import Path

from gateway.bench.neighbours import Ticks, others_share, ticks


def test_what_is_not_idle_and_not_ours_is_somebody_elses() -> None:
    """Of 1000 ticks 600 were used, 450 by us: 15 % are others'. Rounding errors never make it negative."""
    before = Ticks(total=5000, busy=2000, ours=700)
    assert others_share(before, Ticks(6000, 2600, 1150)) == 0.15
    assert others_share(before, Ticks(6000, 2600, 1400)) == 0.0


def test_a_machine_that_does_not_say_is_not_guessed_at(tmp_path: Path) -> None:
    """Without /proc there is no share, nor when no time has passed."""
    assert ticks([1], tmp_path) is None
    assert others_share(None, Ticks(1, 1, 1)) is None
    assert others_share(Ticks(5, 1, 1), Ticks(5, 1, 1)) is None


def test_the_kernels_files_are_read(tmp_path: Path) -> None:
    """Idle and waiting count as free, guests are not counted twice, and a process may be called anything."""
    (tmp_path / "stat").write_text("cpu  100 10 50 800 40 5 5 20 77 0\ncpu0 1 2 3\n")
    (tmp_path / "42").mkdir()
    (tmp_path / "42" / "stat").write_text("42 (a ) b) S 1 42 42 0 -1 4194304 1 2 3 4 30 12 7 8 20 0 1 0\n")
    assert ticks([42], tmp_path) == Ticks(total=1030, busy=190, ours=42)
    assert ticks([42, 43], tmp_path) is None
    here = ticks([os.getpid()])
    assert here is None or 0 < here.ours <= here.busy <= here.total
