"""Tasks in the background that end by nothing but a bug: nobody awaits them, so the log has to hear of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def told_to(log: Any, words: str) -> Callable[[asyncio.Task[None]], None]:
    """For a task's `add_done_callback`: has `log`, a structlog logger, say `words` when a bug has ended it."""

    def tell(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (bug := task.exception()) is not None:
            log.critical(words, task=task.get_name(), exc_info=bug)

    return tell
