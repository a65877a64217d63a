"""The matrix of a test run, and the pages that show it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from gateway.schema import degradations
from tests.faults.axes import FAULTS
from tests.faults.matrix import Matrix, all_keys
from tests.faults.page import Report, html_page, markdown_page
from tests.running import ROOT


@pytest.fixture(scope="session")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """Its processes run from the first cell to the last. When all have run, what was seen is written to build/."""
    began, declared = time.monotonic(), degradations()
    with Matrix(tmp_path_factory.mktemp("matrix"), declared) as running:
        yield running
    if len(running.cells) < len(all_keys(FAULTS)):
        return
    report = Report(running.cells, declared, datetime.now(UTC), time.monotonic() - began)
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    (folder / "faults.html").write_text(html_page(report), encoding="utf-8")
    (folder / "faults.md").write_text(markdown_page(report), encoding="utf-8")
