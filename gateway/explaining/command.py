"""`retailgraph explain`: a document in, trees or JSON out."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from domains.vocabulary import ServingPath
from gateway.audiences import Audience, read_audiences
from gateway.explaining.explanation import Terms, explained
from gateway.explaining.shown import show
from gateway.paths import UnreadableDocuments, path_said
from gateway.schema import build_schema
from gateway.trouble import CannotStart

STANDARD_INPUT = "-"
WIDE = 140  # columns of the tree, whatever the terminal: it is also piped into files
DOCUMENT_CHARACTERS_MAX = 1024 * 1024  # far beyond what any gateway takes, which is told as one of its limits


def explain(
    document: str,
    *,
    audience: str | None,
    path: str,
    variables: str,
    as_json: bool,
    audiences: Path | None,
    source: bool = False,
) -> bool:
    """Print what the operations of a document would ask, and answer whether all of them would run.

    With `source` the Python that is generated for each is printed too.

    Raises CannotStart for what cannot be read.
    """
    text = _text(document)
    for_whom, on = _audience(audience, audiences), _path(path)
    terms = Terms(for_whom, on if for_whom is None else for_whom.path)
    try:
        said = path_said(document, text)
    except UnreadableDocuments as exc:
        raise CannotStart("\n".join(exc.problems)) from exc
    found = asyncio.run(explained(build_schema(), terms, text, _variables(variables), said))
    if as_json:
        told = [one.as_json() | ({"source": one.run.source} if source else {}) for one in found]
        report = {"runs": all(one.runs for one in found), "operations": told}
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        console = Console(highlight=False, width=WIDE)
        for one in found:
            show(one, for_whom, console, source=source)
    return all(one.runs for one in found)


def _text(document: str) -> str:
    try:
        if document == STANDARD_INPUT:
            return sys.stdin.read(DOCUMENT_CHARACTERS_MAX)
        with Path(document).open(encoding="utf-8") as file:
            return file.read(DOCUMENT_CHARACTERS_MAX)
    except (OSError, UnicodeDecodeError) as exc:
        raise CannotStart(f"{document} cannot be read: {exc}") from exc


def _audience(name: str | None, folder: Path | None) -> Audience | None:
    if name is None:
        return None
    known = {one.name: one for one in read_audiences(folder)}
    if name not in known:
        raise CannotStart(f"--audience is {name!r}; allowed: {', '.join(known)}.")
    return known[name]


def _path(given: str) -> ServingPath:
    try:
        return ServingPath(given.upper())
    except ValueError:
        paths = ", ".join(one.value for one in ServingPath)
        raise CannotStart(f"--path is {given!r}; allowed: {paths}.") from None


def _variables(given: str) -> Mapping[str, object]:
    try:
        found = json.loads(given)
    except ValueError as exc:
        raise CannotStart(f"--variables is not JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise CannotStart("--variables is not a JSON object.")
    return found
