"""Audiences as they are written down: a folder of TOML files, one for each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from gateway.audiences.audience import Audience, UnusableAudiences
from gateway.complaints import complaints
from gateway.identity.settings import AUDIENCES

SHIPPED: Final = Path(__file__).parent
"""Where the audiences are that come with the product."""
OTHERS: Final = "partner"
"""On whose terms somebody is who is of no kind that is known here: the tightest."""
FILES_MAX: Final = 256
"""A file for each partner with terms of its own. Every view takes memory, and more is a mistake in the path."""
_NO_VARIABLE: Final = "="  # names of variables cannot begin so: nothing in the environment stands above such a file


class Audiences:
    """All that are served. Every kind is among them."""

    def __init__(self, audiences: Iterable[Audience]) -> None:
        self._by_name = {audience.name: audience for audience in audiences}

    def of(self, name: str) -> Audience:
        """The audience of that name; for one without a file of its own, that of its kind."""
        kind = name.partition("/")[0]
        return self._by_name.get(name) or self._by_name.get(kind) or self._by_name[OTHERS]

    def __iter__(self) -> Iterator[Audience]:
        return iter(self._by_name.values())


def read_audience(file: Path) -> Audience:
    """The audience of one file. Raises UnusableAudiences."""
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UnusableAudiences([f"{file} cannot be read: {exc.strerror}"]) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise UnusableAudiences([f"{file} is not TOML: {exc}"]) from exc
    try:
        return Audience(**given)
    except ValidationError as exc:
        told = complaints(Audience, exc, _NO_VARIABLE)
        raise UnusableAudiences(f"{file}: {one}" for one in told) from None


def read_audiences(folder: Path | None = None) -> Audiences:
    """The audiences of a folder, or those that come with the product. Raises UnusableAudiences with every problem."""
    place = folder or SHIPPED
    files = sorted(place.glob("*.toml"))
    if not files:
        raise UnusableAudiences([f"there is no audience in {place}: each is a file that ends in .toml"])
    if len(files) > FILES_MAX:
        raise UnusableAudiences([f"{place} has {len(files)} files; at most {FILES_MAX} are read"])
    found: dict[str, Path] = {}
    audiences: list[Audience] = []
    problems: list[str] = []
    for file in files:
        try:
            audience = read_audience(file)
        except UnusableAudiences as bad:
            problems.extend(bad.problems)
            continue
        if (first := found.setdefault(audience.name, file)) is not file:
            problems.append(f"{file} and {first} are both called {audience.name!r}")
        audiences.append(audience)
    missing = [kind for kind in AUDIENCES if kind not in found]
    if missing and not problems:
        problems.append(f"{place} has no {', '.join(missing)}: callers of every kind need terms; {SHIPPED} shows some")
    if problems:
        raise UnusableAudiences(problems)
    return Audiences(sorted(audiences, key=_place))


def _place(audience: Audience) -> tuple[int, str]:
    kind, _, within = audience.name.partition("/")
    return AUDIENCES.index(kind), within
