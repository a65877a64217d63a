"""`retailgraph check`: for each operation of a set of documents a proof that its path holds, or the counter-example."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    LoneAnonymousOperationRule,
    NoUnusedFragmentsRule,
    OperationDefinitionNode,
    Source,
    UniqueOperationNamesRule,
    parse,
    specified_rules,
    validate,
)

from domains.vocabulary import ServingPath, ServingTier, SystemRole
from gateway.paths.declared import Declared
from gateway.paths.reach import Touch, touches
from gateway.paths.rule import code_of, instead, offences

SUFFIXES = (".graphql", ".gql")
# The set is not sent as one document: a library of fragments may hold some that nobody uses, and each file may have
# its anonymous operation.
_LAX = {NoUnusedFragmentsRule, UniqueOperationNamesRule, LoneAnonymousOperationRule}
_PATH_LINE = re.compile(r"^#\s*path:\s*(\w+)\s*$", re.MULTILINE)


class UnreadableDocuments(Exception):
    """A file cannot be read, parsed or validated; `problems` says which and where, a sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True)
class Proof:
    """What one operation reaches. It holds when there are no offences."""

    file: str
    operation: str
    path: ServingPath
    touched: tuple[Touch, ...]
    offences: tuple[Touch, ...]

    @property
    def holds(self) -> bool:
        return not self.offences

    @property
    def tiers(self) -> dict[SystemRole, ServingTier]:
        """The furthest tier of each system that is reached at all."""
        order = list(ServingTier)
        furthest: dict[SystemRole, ServingTier] = {}
        for touch in self.touched:
            for system in touch.served.systems:
                furthest[system] = max(furthest.get(system, touch.served.tier), touch.served.tier, key=order.index)
        return furthest

    @property
    def calls_max(self) -> dict[SystemRole, int]:
        """At most so many batches go to each system when nothing is remembered: one per field and level."""
        live = (touch for touch in self.touched if touch.served.tier is ServingTier.LIVE)
        return dict(Counter(system for touch in live for system in touch.served.systems))

    def as_json(self) -> dict[str, Any]:
        """For machines: stable keys, systems by name."""
        return {
            "file": self.file,
            "operation": self.operation,
            "path": self.path.value,
            "holds": self.holds,
            "systems": {
                system.value: {"tier": tier.value, "callsMax": self.calls_max.get(system, 0)}
                for system, tier in sorted(self.tiers.items(), key=lambda item: item[0].value)
            },
            "offences": [
                {
                    "code": code_of(touch, self.path),
                    "field": ".".join(touch.path),
                    "coordinate": touch.coordinate,
                    "fragments": list(touch.fragments),
                    "line": touch.line,
                    "systems": sorted(system.value for system in touch.served.systems),
                    "tier": touch.served.tier.value,
                    "instead": instead(touch),
                }
                for touch in self.offences
            ],
        }


def prove(schema: GraphQLSchema, declared: Declared, places: Iterable[Path], path: ServingPath) -> tuple[Proof, ...]:
    """A proof for every operation in the files and folders of `places`, in their order.

    Fragments may stand in other files of the set. A file that says `# path: BROWSE` on a line of its own is judged on
    that path instead of `path`. Raises UnreadableDocuments.
    """
    texts = texts_in(places)
    return prove_texts(
        schema, declared, texts, {file: path_said(str(file), text) or path for file, text in texts.items()}
    )


def texts_in(places: Iterable[Path]) -> dict[Path, str]:
    """The text of every file in the files and folders of `places`, in their order. Raises UnreadableDocuments."""
    return {file: _text(file) for place in places for file in _files(place)}


def prove_texts(
    schema: GraphQLSchema, declared: Declared, texts: Mapping[Path, str], paths: Mapping[Path, ServingPath]
) -> tuple[Proof, ...]:
    """As `prove`, of texts and the `paths` they are judged on, by where they are from. Raises UnreadableDocuments."""
    parsed, problems = _parsed(texts)
    fragments = [
        node
        for document in parsed.values()
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    ]
    whole = DocumentNode(
        definitions=(*fragments, *(node for document in parsed.values() for node in _operations(document)))
    )
    problems += _invalid(schema, whole)
    if not texts:
        problems.append(f"no document found; files end in {' or '.join(SUFFIXES)}")
    if problems:
        raise UnreadableDocuments(tuple(problems))
    proofs = []
    for file, document in parsed.items():
        judged_on = paths[file]
        for operation in _operations(document):
            touched = touches(schema, whole, operation, declared)
            name = operation.name.value if operation.name else f"({operation.operation.value})"
            proofs.append(Proof(str(file), name, judged_on, touched, offences(touched, judged_on)))
    return tuple(proofs)


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(file for file in place.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    return [place]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UnreadableDocuments((f"{file} cannot be read: {exc}",)) from exc


def _parsed(texts: Mapping[Path, str]) -> tuple[dict[Path, DocumentNode], list[str]]:
    parsed: dict[Path, DocumentNode] = {}
    problems = []
    for file, text in texts.items():
        try:
            parsed[file] = parse(Source(text, str(file)))
        except GraphQLError as error:
            problems.append(_told(error))
    return parsed, problems


def _invalid(schema: GraphQLSchema, whole: DocumentNode) -> list[str]:
    return [_told(error) for error in validate(schema, whole, [rule for rule in specified_rules if rule not in _LAX])]


def _operations(document: DocumentNode) -> list[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def path_said(origin: str, text: str) -> ServingPath | None:
    """The path that a document says it is on, by a line `# path: BROWSE`. Raises UnreadableDocuments."""
    said = _PATH_LINE.search(text)
    try:
        return None if said is None else ServingPath(said[1])
    except ValueError:
        paths = ", ".join(one.value for one in ServingPath)
        raise UnreadableDocuments((f"{origin}: there is no path {said and said[1]}; there are {paths}",)) from None


def _told(error: GraphQLError) -> str:
    node = error.nodes[0] if error.nodes else None
    source = error.source or (node.loc.source if node is not None and node.loc else None)
    name = source.name if source else "a document"
    line = f":{error.locations[0].line}" if error.locations else ""
    return f"{name}{line}: {error.message}"
