"""The frame of a bench that starts the whole product: a folder while it runs, a table and files when it has run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from domains.sandbox import SandboxFailed
from gateway.bench.processes import ended_by_signal
from gateway.bench.report import Report, write
from gateway.trouble import CannotStart


def staged(
    measured: Callable[[Path, Console], Report],
    printed: Callable[[Report, Console], None],
    picture: Callable[[Report], str],
    json_file: Path | None,
    svg_file: Path | None,
) -> bool:
    """What was `measured`, printed and written; whether every claim holds. Raises CannotStart.

    Everything that was started has ended when this returns, however it does.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        with ended_by_signal(), tempfile.TemporaryDirectory(prefix="retailgraph-") as folder:
            report = measured(Path(folder), console)
    except SandboxFailed as exc:
        raise CannotStart(f"the outside systems did not start: {exc}") from exc
    printed(report, console)
    if json_file is not None:
        report.write(json_file)
    if svg_file is not None:
        write(svg_file, picture(report))
    return report.holds
