"""What the commands share: the journal opened for one errand, times as people write them, and answers as text or JSON.

Answers go to standard output, and whatever is for the eyes alone (bars, complaints) to standard error.
"""

from __future__ import annotations

import asyncio
import enum
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from rich.console import Console

from domains.durable import JournalUnavailable
from domains.vocabulary import Refusal
from gateway.settings import load
from gateway.telemetry import configure_logs
from gateway.trouble import CannotStart
from gateway.wiring import Office, open_office

E = TypeVar("E", bound=enum.Enum)
R = TypeVar("R")

WIDE = 160  # columns, whatever the terminal: tables are also piped into files

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AGO = re.compile(r"(\d{1,6})([smhd])", re.ASCII)


def errand(config: Path | None, work: Callable[[Office], Awaitable[R]]) -> R:
    """What `work` answers, with the journal of the settings open as long as that takes. Raises CannotStart."""
    settings = load(config)
    configure_logs("error", "console")  # what systems do while they are asked is told by the answer

    async def inside() -> R:
        async with open_office(settings) as office:
            return await work(office)

    try:
        return asyncio.run(inside())
    except JournalUnavailable as error:
        raise CannotStart(f"{error.code}: {error.__cause__ or error}") from error


def instant(given: str | None, option: str) -> float | None:
    """Seconds since the epoch of "2026-03-02T10:00+01:00" (without an offset it is UTC), or of "90m", which is so long
    ago: s, m, h and d. Raises CannotStart."""
    if given is None:
        return None
    now = datetime.now(UTC).timestamp()
    if ago := _AGO.fullmatch(given):
        return now - int(ago[1]) * _UNITS_S[ago[2]]
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise CannotStart(f"{option} is {given!r}; allowed: a time such as 2026-03-02T10:00, or 90m, 2h, 3d.") from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def member(words: type[E], given: str, option: str) -> E:
    """The member of an enumeration that is named so, in capitals or not. Raises CannotStart."""
    try:
        return words(given.upper().replace("-", "_"))
    except ValueError:
        allowed = ", ".join(word.value for word in words)
        raise CannotStart(f"{option} is {given!r}; allowed: {allowed}.") from None


def say(text: str) -> None:
    """Plain text on standard output."""
    _console(soft_wrap=True).print(text)


def say_json(answer: object) -> None:
    """`answer` as one document of JSON on standard output."""
    print(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())  # noqa: T201 - the answer itself


def refused(refusal: Refusal, *, as_json: bool) -> bool:
    """Tell why something was not done, by its code. Answers False: it was not."""
    if as_json:
        say_json({"code": refusal.code, "message": refusal.message})
    else:
        _console(stderr=True, soft_wrap=True).print(f"retailgraph: {refusal.code}: {refusal.message}")
    return False


def table_console() -> Console:
    """Where tables are printed."""
    return _console(width=WIDE)


def _console(*, stderr: bool = False, soft_wrap: bool = False, width: int | None = None) -> Console:
    # What systems and people wrote is no markup: "[/BEV1/]" would end the command, and "[see note]" be left out.
    return Console(stderr=stderr, soft_wrap=soft_wrap, width=width, highlight=False, markup=False, emoji=False)


def clock_time(at: datetime | None) -> str:
    """A moment as tables show it, in UTC; a dash for none."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
