"""Every document of the repository, by where it stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    print_ast,
    separate_operations,
    validate,
)

from tests.faults.documents import ASKINGS, BYSTANDERS
from tests.running import ROOT

OWN = Path(__file__).parent / "documents"
_BLOCK = re.compile(r"^```graphql\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LOOKS_LIKE_ONE = re.compile(r"^\s*(?:query|mutation|subscription|fragment|\{)")
_ELSEWHERE = ("tests/attacks/", "tests/matrix/")
"""Attacks are documents too, but none that anybody should be allowed."""


@dataclass(frozen=True)
class Document:
    """One operation with its fragments. `place` is the file and the name that it has there."""

    place: str
    text: str
    name: str | None


def collected(whole: GraphQLSchema) -> tuple[Document, ...]:
    """All of them, in the order of their places. Texts that are of another schema than `whole` are left out."""
    found = {**_of_readme(), **_of_files(), **_of_code(), **_of_askings()}
    documents = [one for place, text in found.items() for one in _separated(place, text)]
    ours = [one for one in documents if not validate(whole, parse(one.text))]
    return tuple(sorted(ours, key=lambda one: one.place))


def own(whole: GraphQLSchema) -> tuple[Document, ...]:
    """Those that were written for the table, each of which must be a document of `whole`."""
    documents = [one for place, text in _own().items() for one in _separated(place, text)]
    wrong = [(one.place, errors[0].message) for one in documents if (errors := validate(whole, parse(one.text)))]
    assert not wrong, wrong
    return tuple(documents)


def _separated(place: str, text: str) -> Iterator[Document]:
    """One document for each operation, with the fragments that it needs and no others."""
    for name, document in separate_operations(parse(text)).items():
        said = f"{place} {name}" if name else place
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        yield Document(said, print_ast(document), operations[0].name.value if operations[0].name else None)


def _own() -> dict[str, str]:
    parts = (OWN / "parts.graphql").read_text(encoding="utf-8")
    files = sorted(file for file in OWN.glob("*.graphql") if file.name != "parts.graphql")
    return {f"tests/matrix/documents/{file.name}": f"{file.read_text(encoding='utf-8')}\n{parts}" for file in files}


def _of_readme() -> dict[str, str]:
    blocks = _BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    return {f"README.md block {number}": block for number, block in enumerate(blocks, 1)}


def _of_files() -> dict[str, str]:
    return {"gateway/explorer/first.graphql": (ROOT / "gateway/explorer/first.graphql").read_text()} | _own()


def _of_askings() -> dict[str, str]:
    rows: Mapping[str, str] = {
        **{f"tests/faults/documents.py {row.system.value} {row.field}": row.selection for row in ASKINGS},
        **{f"tests/faults/documents.py beside {system.value}": selection for system, selection in BYSTANDERS.items()},
    }
    return {place: f"{{ {selection} }}" for place, selection in rows.items()}


def _of_code() -> dict[str, str]:
    """Named texts of modules that are whole documents."""
    found: dict[str, str] = {}
    for folder in ("gateway", "tests"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            place = file.relative_to(ROOT).as_posix()
            if "node_modules" in place or place.startswith(_ELSEWHERE):
                continue
            for name, text in _constants(file):
                if _is_document(text):
                    found[f"{place} {name}"] = text
    return found


def _constants(file: Path) -> Iterator[tuple[str, str]]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text
            case _:
                continue


def _is_document(text: str) -> bool:
    if not _LOOKS_LIKE_ONE.match(text):
        return False
    try:
        document = parse(text)
    except GraphQLError:
        return False
    return any(isinstance(node, OperationDefinitionNode) for node in document.definitions)
