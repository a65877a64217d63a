"""Trusted documents as they are written down: a folder of files, or the manifest that a client's build tool made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    Visitor,
    parse,
    visit,
)

from domains.vocabulary import ServingPath
from gateway.documents.trusted import TrustedDocument, UnusableDocuments
from gateway.paths import UnreadableDocuments, path_said, texts_in

MANIFEST: Final = ".json"
MANIFEST_BYTES_MAX: Final = 64 * 1024 * 1024
"""Twenty thousand documents of 3 KiB."""
_APOLLO: Final = "apollo-persisted-query-manifest"


def read_folder(folder: Path) -> tuple[TrustedDocument, ...]:
    """A document for each file with an operation, of `folder` and the folders below it.

    Fragments of other files follow the file's own text, each once and in the order of their names. A document is
    called by the place of its file without the suffix ("basket/page") and by its operations. Raises UnusableDocuments.
    """
    if not folder.is_dir():
        raise UnusableDocuments([f"{folder} is no folder"])
    try:
        texts = texts_in([folder])
    except UnreadableDocuments as bad:
        raise UnusableDocuments(bad.problems) from bad
    parsed = _parsed(texts)
    fragments = _fragments(parsed)
    documents = []
    for file, document in parsed.items():
        operations = tuple(_operations(document))
        if not operations:
            continue  # a library of fragments
        missing = _reached(document, fragments)
        text = "\n\n".join((texts[file], *(fragments[name] for name in missing)))
        place = file.relative_to(folder).with_suffix("").as_posix()
        path = _path(str(file), texts[file])
        named = tuple(name for name in operations if name)
        documents.append(TrustedDocument(text, str(file), (place,), path, named))
    return tuple(documents)


def read_manifest(file: Path) -> tuple[TrustedDocument, ...]:
    """The documents of a manifest, by the ids it gives them. Three formats, told apart by what is in them:

    - Apollo's `persisted-query-manifest.json`: `operations`, each with `id`, `body` and `name`, and here also `path`;
    - an object of texts by id: Relay's `persisted_queries.json`, GraphQL Code Generator's `persisted-documents.json`.

    Raises UnusableDocuments.
    """
    try:
        if file.stat().st_size > MANIFEST_BYTES_MAX:
            raise UnusableDocuments([f"{file} has more than {MANIFEST_BYTES_MAX} bytes"])
        content = msgspec.json.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as bad:
        raise UnusableDocuments([f"{file} cannot be read: {bad}"]) from bad
    if not isinstance(content, dict):
        raise UnusableDocuments([f"{file} is no manifest: an object is expected"])
    rows = _apollo(file, content) if "operations" in content or "format" in content else _texts(file, content)
    return tuple(rows)


def read_all(folder: Path | None, manifests: Iterable[Path]) -> tuple[TrustedDocument, ...]:
    """The documents of a folder and of manifests. Raises UnusableDocuments with everything that is wrong."""
    found: list[TrustedDocument] = []
    problems: list[str] = []
    readings = [(read_folder, folder)] if folder is not None else []
    for read, place in (*readings, *((read_manifest, file) for file in manifests)):
        try:
            found.extend(read(place))
        except UnusableDocuments as bad:
            problems.extend(bad.problems)
    if problems:
        raise UnusableDocuments(problems)
    return tuple(found)


def _apollo(file: Path, content: Mapping[str, Any]) -> Iterator[TrustedDocument]:
    if content.get("format") != _APOLLO or content.get("version") != 1 or not isinstance(content["operations"], list):
        raise UnusableDocuments([f"{file} is not of the format {_APOLLO}, version 1"])
    for row in content["operations"]:
        given = row if isinstance(row, dict) else {}
        id_, text, name, path = (given.get(key) for key in ("id", "body", "name", "path"))
        if not (isinstance(id_, str) and isinstance(text, str)):
            raise UnusableDocuments([f"{file}: an operation has not both the texts id and body"])
        origin = f"{file}#{name or id_}"
        said = _path(origin, text) if path is None else _named_path(origin, path)
        yield TrustedDocument(text, origin, (id_,), said)


def _texts(file: Path, content: Mapping[str, Any]) -> Iterator[TrustedDocument]:
    for id_, text in content.items():
        origin = f"{file}#{id_}"
        if not isinstance(text, str):
            raise UnusableDocuments([f"{origin} is no text; a manifest has one for each id"])
        yield TrustedDocument(text, origin, (id_,), _path(origin, text))


def _path(origin: str, text: str) -> ServingPath | None:
    try:
        return path_said(origin, text)
    except UnreadableDocuments as bad:
        raise UnusableDocuments(bad.problems) from bad


def _named_path(origin: str, path: object) -> ServingPath:
    try:
        return ServingPath(path)
    except ValueError:
        paths = ", ".join(one.value for one in ServingPath)
        raise UnusableDocuments([f"{origin}: there is no path {path!r}; there are {paths}"]) from None


def _parsed(texts: Mapping[Path, str]) -> dict[Path, DocumentNode]:
    parsed: dict[Path, DocumentNode] = {}
    problems = []
    for file, text in texts.items():
        try:
            parsed[file] = parse(text)
        except GraphQLError as bad:
            line = f":{bad.locations[0].line}" if bad.locations else ""
            problems.append(f"{file}{line}: {bad.message}")
    if problems:
        raise UnusableDocuments(problems)
    return parsed


def _operations(document: DocumentNode) -> Iterator[str]:
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            yield node.name.value if node.name else ""


def _fragments(parsed: Mapping[Path, DocumentNode]) -> dict[str, str]:
    """The text of every fragment of the set, as it is written."""
    found: dict[str, str] = {}
    for document in parsed.values():
        for node in document.definitions:
            if isinstance(node, FragmentDefinitionNode) and node.loc is not None:
                found[node.name.value] = node.loc.source.body[node.loc.start : node.loc.end]
    return found


def _reached(document: DocumentNode, fragments: Mapping[str, str]) -> list[str]:
    """The fragments of other files that a document needs, in the order of their names."""
    own = {node.name.value for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    reached: set[str] = set()
    waiting = _spread(document) - own
    while waiting:
        name = waiting.pop()
        if name in fragments and name not in reached:
            reached.add(name)
            waiting |= _spread(parse(fragments[name])) - own
    return sorted(reached)


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.found.add(node.name.value)


def _spread(document: DocumentNode) -> set[str]:
    spreads = _Spreads()
    visit(document, spreads)
    return spreads.found
