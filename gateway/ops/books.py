"""`retailgraph reconcile`: compare what was done with what the systems have, now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from domains.durable import Reconciliation
from gateway.ops.terminal import errand, instant, say, say_json
from gateway.reconcile import Progress
from gateway.trouble import CannotStart
from gateway.wiring import Office


def reconcile(config: Path | None, *, subjects: Collection[str], since: str | None, as_json: bool) -> bool:
    """Compare these subjects, or all, with a bar each; whether everything agrees. Raises CannotStart."""
    reach = instant(since, "--since")

    async def work(office: Office) -> list[Reconciliation]:
        reconciler = office.reconciler
        if strange := sorted(set(subjects) - set(reconciler.subjects)):
            raise CannotStart(f"--subject is {strange[0]!r}; allowed: {', '.join(reconciler.subjects)}.")
        with _bars() as bars:
            show = _shown_on(bars)
            wanted = [name for name in reconciler.subjects if not subjects or name in subjects]
            return [await reconciler.run(name, since=reach, on_progress=show) for name in wanted]

    runs = errand(config, work)
    _print(runs, as_json=as_json)
    return all(run.matched == run.checked for run in runs)


def _print(runs: Sequence[Reconciliation], *, as_json: bool) -> None:
    if as_json:
        say_json({"agrees": all(run.matched == run.checked for run in runs), "subjects": runs})
        return
    for run in runs:
        say(f"{run.subject:12} {run.checked} checked, {run.matched} matched, {run.checked - run.matched} do not agree")
        for mismatch in run.mismatches:
            say(f"    {mismatch.key}: {mismatch.what}: {mismatch.found} instead of {mismatch.expected}")


def _bars() -> Bars:
    return Bars(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _shown_on(bars: Bars) -> Callable[[Progress], None]:
    tasks: dict[str, TaskID] = {}

    def show(progress: Progress) -> None:
        if progress.subject not in tasks:
            tasks[progress.subject] = bars.add_task(progress.subject, total=None)
        total = progress.checked if progress.is_over else progress.total
        bars.update(tasks[progress.subject], completed=progress.checked, total=total)

    return show
