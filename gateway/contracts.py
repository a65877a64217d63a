"""The work of `retailgraph audiences`, and of `check` where it is about contracts: files in, changes out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.audiences import (
    SHIPPED,
    SUFFIX,
    Audience,
    Change,
    UnusableAudiences,
    change,
    contract_of,
    coordinates,
    read_audience,
    read_audiences,
)
from gateway.schema import build_schema, print_sdl
from gateway.views import view_of

WIDE = 160  # columns of the table, whatever the terminal: it is also piped into files


@dataclass(frozen=True, slots=True)
class Kept:
    """How an audience stands to its contract. `accepted` None: there is none yet."""

    audience: Audience
    file: Path
    now: str
    accepted: str | None

    @property
    def change(self) -> Change:
        """What its view has now that the contract has not, and the other way round. Raises UnusableAudiences."""
        return change(self.accepted, self.now) if self.accepted is not None else Change(("everything",), ())

    @property
    def is_current(self) -> bool:
        """Whether the contract says, letter for letter, what is so."""
        return self.accepted == self.now


def kept_in(folder: Path | None = None) -> tuple[Kept, ...]:
    """Every audience of a folder, or of those that come with the product, beside its contract.

    Raises UnusableAudiences and NothingToSee.
    """
    place = folder or SHIPPED
    read_audiences(place)  # so that what is wrong with them together is told first
    texts = _Texts()
    return tuple(
        Kept(audience, file.with_suffix(SUFFIX), texts.of(audience), _read(file.with_suffix(SUFFIX)))
        for file in sorted(place.glob("*.toml"))
        for audience in (read_audience(file),)
    )


def accept(folder: Path | None) -> None:
    """Write down what every audience sees now, and say what that changes. Raises CannotStart."""
    for kept in kept_in(folder):
        if kept.is_current:
            continue
        told = _counted(kept.change) if kept.accepted is not None else "new"
        kept.file.write_text(kept.now, encoding="utf-8")
        typer.echo(f"wrote {kept.file} ({told})")


def diff(old: Path, new: Path, as_json: bool) -> bool:
    """Print what a change opens and closes, and answer whether it opens nothing. Raises CannotStart.

    Of a folder, the old side is what was accepted and the new side what would be: contracts before audience files
    there, and after them here.
    """
    texts = _Texts()
    before, after = texts.at(old, accepted=True), texts.at(new, accepted=False)
    if len(before) == len(after) == 1:  # two files are compared whatever they are called
        before = dict(zip(after, before.values(), strict=True))
    changes = {name: _changed(before.get(name), after.get(name)) for name in sorted({*before, *after})}
    if as_json:
        typer.echo(json.dumps({name: one.as_json() for name, one in changes.items()}, indent=2))
    else:
        for line in (line for name, one in changes.items() for line in lines_of(name, one)):
            typer.echo(line)
    return not any(one.opened for one in changes.values())


def show(folder: Path | None) -> None:
    """Print the audiences as a table. Raises CannotStart."""
    table = Table(box=None, pad_edge=False)
    for name in ("audience", "sees", "path", "scopes", "on request", "masks", "fields"):
        table.add_column(name, overflow="fold")
    texts = _Texts()
    whole = _fields(print_sdl(texts.schema))
    for audience in read_audiences(folder):
        table.add_row(
            audience.name,
            " ".join(sorted(audience.tags)),
            audience.path.value,
            " ".join(sorted(audience.scopes)),
            " ".join(sorted(audience.scopes_on_request)),
            " ".join(sorted(kind.value for kind in audience.masks)),
            f"{_fields(texts.of(audience))} of {whole}",
        )
    Console(highlight=False, width=WIDE).print(table)


def lines_of(name: str, one: Change) -> Iterator[str]:
    """A change as a person reads it."""
    yield f"{name}: {_counted(one)}"
    yield from (f"  + {place}" for place in one.opened)
    yield from (f"  - {place}" for place in one.closed)


def print_kept(all_kept: tuple[Kept, ...], console: Console) -> bool:
    """Print how audiences stand to their contracts, and answer whether none is wider than its contract."""
    holds = True
    for kept in all_kept:
        one = kept.change
        if one.opened:
            holds = False
            console.print(
                f"[bold red]wider[/bold red] {escape(kept.audience.name)}  [dim]{escape(str(kept.file))}[/dim]"
            )
            for place in one.opened:
                console.print(f"    [red]{escape(place)}[/red] was opened")
        for place in one.closed:
            console.print(f"    {escape(place)} was closed for {escape(kept.audience.name)}: no failure, but say so")
    if holds:
        console.print(f"{len(all_kept)} audiences: none sees more than its contract.")
    else:
        console.print("Contracts widen on purpose only: `retailgraph audiences accept` writes them as they are now.")
    return holds


class _Texts:
    """Contracts, as they would be now."""

    def __init__(self) -> None:
        self.schema = build_schema()

    def of(self, audience: Audience) -> str:
        """The contract of an audience under the schema of this release. Raises NothingToSee."""
        whole = self.schema._schema  # noqa: SLF001 - Strawberry has no other way to its GraphQL schema
        view = view_of(whole, audience.tags)
        return contract_of(audience, print_sdl(self.schema, view))

    def at(self, place: Path, *, accepted: bool) -> Mapping[str, str]:
        """The contracts of a file or a folder, by the stem of the file. Raises UnusableAudiences."""
        if not place.is_dir():
            return {place.stem: self._file(place)}
        suffixes = (".toml", SUFFIX) if accepted else (SUFFIX, ".toml")  # the last has the word
        found = {file.stem: file for suffix in suffixes for file in sorted(place.glob(f"*{suffix}"))}
        if not found:
            raise UnusableAudiences([f"there is neither an audience nor a contract in {place}"])
        return {stem: self._file(file) for stem, file in found.items()}

    def _file(self, file: Path) -> str:
        if file.suffix == ".toml":
            return self.of(read_audience(file))
        text = _read(file)
        if text is None:
            raise UnusableAudiences([f"{file} cannot be read"])
        return text


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _changed(before: str | None, after: str | None) -> Change:
    if before is None or after is None:
        return Change(tuple(sorted(coordinates(after or ""))), tuple(sorted(coordinates(before or ""))))
    return change(before, after)


def _fields(contract: str) -> int:
    return sum("." in place and "(" not in place and not place.startswith("may ") for place in coordinates(contract))


def _counted(one: Change) -> str:
    return f"{len(one.opened)} opened, {len(one.closed)} closed"
