"""The stored table: one row for each document, one column for each kind of caller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

MATRIX = Path(__file__).parent / "matrix.md"
HEAD = """# Who may run what

Every document of the repository under every audience that comes with the product. "yes", or the code by which it is
refused before anything runs; "not there" where it asks for what that audience does not see, which to it is a document
that is not valid (GRAPHQL_VALIDATION_FAILED). Behind "with its scopes" stands what it is for somebody whose credential
names every scope that the audience may be given. What a caller may see of the things in it is another question, and
asked of their owner.

Written by `.venv/bin/python -m tests.matrix`: have the difference reviewed by somebody who knows what should be.

"""
_EDGE = "|"


def written(verdicts: Mapping[str, Mapping[str, str]], callers: tuple[str, ...]) -> str:
    """As Markdown."""
    rows = [["document", *callers], ["---"] * (len(callers) + 1)]
    rows += [[place, *(row[caller] for caller in callers)] for place, row in verdicts.items()]
    return HEAD + "\n".join(f"{_EDGE} {f' {_EDGE} '.join(row)} {_EDGE}" for row in rows) + "\n"


def read(text: str) -> dict[str, dict[str, str]]:
    """The verdicts of a written table."""
    rows = [
        [cell.strip() for cell in line.strip(_EDGE).split(_EDGE)] for line in text.splitlines() if line[:1] == _EDGE
    ]
    (_, *callers), _, *body = rows
    return {place: dict(zip(callers, verdicts, strict=True)) for place, *verdicts in body}
