"""How large a GraphQL document may be, weighed before anything is validated or run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    TokenKind,
    parse,
)

WEIGHT_MAX = 2**53 - 1
"""Weights stop growing here: doubling fragments pass any machine integer, and JSON numbers are exact up to this one."""

_SAID = {
    "name": "has a name of {} letters",
    "depth": "is {} fields deep",
    "repeats": "writes {} fields again under the same name",
    "spreads": "has {} fragment spreads",
}
_TOKENS_EXCEEDED = "contains more than"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """What one document may hold. Fields, aliases and directives count as often as their fragments are spread.

    With all of them at their limits, the worst document found holds the event loop for some 0.2 s, once per text.
    """

    # Letters of one name. An alias is written again for every item of a list: of three with 20,000 letters a hundred
    # products made an answer of 6 MB. Generated names of operations and fragments have up to 150.
    name: int = 255
    # Read before the lexer starts. A page's document takes 1 to 8 KiB, a generated one with all its fragments up to 30.
    characters: int = 64 * 1024
    # Parsing and validating cost about 15 us a token on the event loop: 3000 hold it for some 50 ms, once per text.
    tokens: int = 3000
    # The standard introspection query, the largest honest document seen, weighs 229.
    fields: int = 500
    # Fields written again under the same response name, as in the members of a union. Validation compares them in
    # pairs: 250 took 0.35 s, 100 take less than 0.1.
    repeats: int = 100
    # Fragment spreads as written; validation compares these in pairs too, and 240 took 0.4 s.
    spreads: int = 100
    # Each alias of a root field is a call of its own. A page assembled from blocks has some 20.
    aliases: int = 50
    # @include and @skip around blocks of a page; 1000 directives on one field are an attack on validation.
    directives: int = 50
    # The standard introspection query is 15 deep, a storefront's deepest page 9; a list cycle multiplies per level.
    depth: int = 16
    # A file of queries in an editor is sent whole and one of them is named; only that one runs, all are validated.
    operations: int = 10
    # Variables of one operation. Input objects make more than a dozen unusual.
    variables: int = 64

    def __post_init__(self) -> None:
        small = [one.name for one in fields(DocumentLimits) if getattr(self, one.name) < 1]
        if small:
            raise ValueError(f"a document limit is at least 1: {', '.join(small)}")


DEFAULT_LIMITS = DocumentLimits()


@dataclass(frozen=True, slots=True)
class Weight:
    """What a part of a document comes to with its fragments spread out; `depth` is the longest chain of fields.

    `repeats` and `spreads` are those of the text as written, and only told of whole documents.
    """

    fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    repeats: int = 0
    spreads: int = 0

    def beside(self, other: Weight, depth: int = 0) -> Weight:
        """Both together, where `other` begins below `depth` fields."""
        return Weight(
            min(self.fields + other.fields, WEIGHT_MAX),
            min(self.aliases + other.aliases, WEIGHT_MAX),
            min(self.directives + other.directives, WEIGHT_MAX),
            max(self.depth, depth + other.depth),
        )


@dataclass(frozen=True, slots=True)
class Excess:
    """One limit that a document breaks."""

    limit: str
    found: int
    allowed: int

    @property
    def message(self) -> str:
        """One sentence that names the limit, what was found and what is allowed."""
        found = f"more than {self.found - 1}" if self.limit == "tokens" else str(self.found)
        what = _SAID.get(self.limit, "has {} " + self.limit).format(found)
        return f"The document {what}; at most {self.allowed} are allowed."


class DocumentTooLarge(Exception):
    """The document breaks limits; `excesses` names each."""

    def __init__(self, excesses: tuple[Excess, ...]) -> None:
        super().__init__(" ".join(excess.message for excess in excesses))
        self.excesses = excesses


@dataclass(frozen=True, slots=True)
class _Part:
    """One definition by itself: its own weight, what it spreads at which depth, and how often it repeats a name."""

    own: Weight
    spreads: tuple[tuple[str, int], ...]
    repeats: int


class DocumentGuard:
    """Parses a text within its limits and weighs the document, each fragment once however often it is spread."""

    def __init__(self, limits: DocumentLimits = DEFAULT_LIMITS) -> None:
        self.limits = limits

    def admit(self, text: str) -> DocumentNode:
        """Parse `text`. Raises DocumentTooLarge, or GraphQLSyntaxError for what is not GraphQL."""
        if len(text) > self.limits.characters:
            raise DocumentTooLarge((Excess("characters", len(text), self.limits.characters),))
        try:
            document = parse(text, max_lexical_tokens=self.limits.tokens, max_comments=self.limits.tokens)
        except GraphQLSyntaxError as error:
            # The parser tells this limit from bad syntax by its sentence alone; a test holds it to that.
            if _TOKENS_EXCEEDED in error.message:
                raise DocumentTooLarge((Excess("tokens", self.limits.tokens + 1, self.limits.tokens),)) from error
            raise
        excesses = self.excesses(document)
        if excesses:
            raise DocumentTooLarge(excesses)
        return document

    def excesses(self, document: DocumentNode) -> tuple[Excess, ...]:
        """Every limit, but those of the lexer, that a parsed document breaks."""
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        weight = weigh(document)
        found = {
            "name": _longest_name(document),
            "operations": len(operations),
            "variables": max((len(operation.variable_definitions or ()) for operation in operations), default=0),
            "fields": weight.fields,
            "aliases": weight.aliases,
            "directives": weight.directives,
            "depth": weight.depth,
            "repeats": weight.repeats,
            "spreads": weight.spreads,
        }
        allowed = {name: getattr(self.limits, name) for name in found}
        return tuple(Excess(name, found[name], allowed[name]) for name in found if found[name] > allowed[name])


def _longest_name(document: DocumentNode) -> int:
    """Of any kind: what is written once may be repeated in every item and in every error."""
    longest, token = 0, document.loc.start_token if document.loc is not None else None
    while token is not None:
        if token.kind is TokenKind.NAME and token.value is not None:
            longest = max(longest, len(token.value))
        token = token.next
    return longest


def weigh(document: DocumentNode) -> Weight:
    """The weight of all operations together, or that of the text as written where it is more.

    The latter counts fragments that nobody spreads: they run never, yet are validated.
    """
    fragments: dict[str, _Part] = {}
    operations: list[_Part] = []
    for definition in document.definitions:
        if isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = _part(definition)
        elif isinstance(definition, OperationDefinitionNode):
            operations.append(_part(definition))
    weights = _fragment_weights(fragments)
    spread, written = Weight(), Weight()
    for part in operations:
        spread = spread.beside(_total(part, weights))
    for part in (*operations, *fragments.values()):
        written = written.beside(part.own)
    return Weight(
        max(spread.fields, written.fields),
        max(spread.aliases, written.aliases),
        max(spread.directives, written.directives),
        max(spread.depth, written.depth),
        sum(part.repeats for part in (*operations, *fragments.values())),
        sum(len(part.spreads) for part in (*operations, *fragments.values())),
    )


def _total(part: _Part, weights: Mapping[str, Weight]) -> Weight:
    total = part.own
    for name, depth in part.spreads:
        total = total.beside(weights.get(name, Weight()), depth)
    return total


def _fragment_weights(fragments: Mapping[str, _Part]) -> dict[str, Weight]:
    """Each fragment's weight, children first and without recursion, so that a chain of any length is safe.

    A spread that closes a circle weighs nothing: validation refuses the circle.
    """
    weights: dict[str, Weight] = {}
    for root in fragments:
        path = [] if root in weights else [(root, iter(fragments[root].spreads))]
        entered = {root}
        while path:
            name, spreads = path[-1]
            child = _next_unweighed(spreads, fragments, weights, entered)
            if child is None:
                weights[name] = _total(fragments[name], weights)
                path.pop()
            else:
                entered.add(child)
                path.append((child, iter(fragments[child].spreads)))
    return weights


def _next_unweighed(
    spreads: Iterable[tuple[str, int]], fragments: Mapping[str, _Part], weights: Mapping[str, Weight], entered: set[str]
) -> str | None:
    for name, _ in spreads:
        if name in fragments and name not in weights and name not in entered:
            return name
    return None


def _part(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Part:
    """Walk one definition. The parser bounds its nesting; the walk keeps its own stack all the same."""
    found_fields = aliases = deepest = repeats = 0
    directives = len(definition.directives or ())
    directives += sum(len(variable.directives or ()) for variable in definition.variable_definitions or ())
    spreads: list[tuple[str, int]] = []
    # Inline fragments share the names of the selection they stand in: that is where validation compares them.
    stack: list[tuple[SelectionSetNode, int, set[str]]] = [(definition.selection_set, 0, set())]
    while stack:
        selections, depth, names = stack.pop()
        for node in selections.selections:
            directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                spreads.append((node.name.value, depth))
                continue
            inner: SelectionSetNode | None = getattr(node, "selection_set", None)
            if not isinstance(node, FieldNode):
                below, inner_names = depth, names
            else:
                below, inner_names = depth + 1, set()
                found_fields += 1
                aliases += node.alias is not None
                deepest = max(deepest, below)
                name = (node.alias or node.name).value
                repeats += name in names
                names.add(name)
            if inner is not None:
                stack.append((inner, below, inner_names))
    return _Part(Weight(found_fields, aliases, directives, deepest), tuple(spreads), repeats)
