"""One gateway for all attacks: what one of them leaves behind, the next ones would show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.figures import Figures
from tests.attacks.house import Target, besieged
from tests.running import ROOT


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with besieged(tmp_path_factory.mktemp("siege")) as running:
        running.settled()
        yield running


@pytest.fixture(scope="session")
def figures(target: Target) -> Iterator[Figures]:
    """What was measured; written to build/attacks.md when all attacks have run."""
    measured = Figures()
    yield measured
    if measured.complete():
        (ROOT / "build").mkdir(exist_ok=True)
        (ROOT / "build" / "attacks.md").write_text(measured.page(target), encoding="utf-8")
