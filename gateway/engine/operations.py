"""Prepared operations: what can be known of a text before anyone asks with it, kept for the next time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from cachetools import LRUCache
from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from domains.vocabulary import ServingPath
from gateway.engine.compiled import Ground, Plans
from gateway.engine.faults import DOCUMENT_TOO_LARGE, PARSE_FAILED, VALIDATION_FAILED, Fault, fault, request_fault
from gateway.limits import DocumentGuard, DocumentTooLarge, Estimate, Priced, asks_for_schema, estimate
from gateway.paths import SHUT, Declared, Touch, offences, touches
from gateway.permits import Needed, needed, needs_in

# A parsed document takes 50 to 110 bytes a character, locations included (measured with graphql-core 3.3.2).
_BYTES_PER_CHARACTER = 112
_BYTES_PER_ENTRY = 2048
_ERRORS_MAX = 20  # Validation errors told at once: nobody mends more in one go, and each costs answer size.


@dataclass(frozen=True, slots=True)
class Prepared:
    """One text, parsed, weighed and validated. With `faults` it must not run; `document` is then gone."""

    kinds: Mapping[str | None, OperationType] = field(default_factory=dict)
    document: DocumentNode | None = None
    faults: tuple[Fault, ...] = ()
    schema_field: str | None = None
    """The field by which the text asks what the schema is, if it does."""
    touched: Mapping[str | None, tuple[Touch, ...]] = field(default_factory=dict)
    """What each operation can reach outside, by its name."""
    shut_out: Mapping[str | None, frozenset[ServingPath]] = field(default_factory=dict)
    """The paths on which each operation would reach what they may not wait for, by its name."""
    estimates: Mapping[str | None, Estimate] = field(default_factory=dict)
    """What each operation may cost, by its name."""
    needed: Mapping[str | None, tuple[Needed, ...]] = field(default_factory=dict)
    """What each operation asks of whoever sends it, by its name."""
    anybodys: Mapping[str | None, str | None] = field(default_factory=dict)
    """Those that may run whoever asks for them, by the name they are asked for by: queries that ask nothing of their
    caller, and not what the schema is."""
    plans: Plans | None = field(default=None, compare=False)
    """How to run its operations faster than graphql-core does; None where that is shut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSizes:
    """How many prepared operations are kept."""

    # A shop with web, two apps, stores and partners has a few hundred texts; releases overlap, so twice that and more.
    operations_max: int = 2000
    # 2000 documents of some 600 characters each; a few hundred large ones displace more.
    bytes_max: int = 128 * 1024 * 1024
    # Refused texts are kept apart, so that garbage never evicts a working operation. One broken release needs few.
    refused_max: int = 256


DEFAULT_SIZES = CacheSizes()


class Operations:
    """Texts to prepared operations, for one schema. Least recently used ones are forgotten."""

    def __init__(
        self,
        schema: GraphQLSchema,
        guard: DocumentGuard,
        sizes: CacheSizes = DEFAULT_SIZES,
        *,
        suggestions: bool = False,
        rules: Sequence[type[ASTValidationRule]] = (),
        declared: Declared | None = None,
        priced: Priced | None = None,
        ground: Ground | None = None,
    ) -> None:
        """`ground` is what operations are compiled for; without it none are."""
        self._schema = schema
        self._ground = ground
        self._declared = declared or {}
        self._priced = priced or Priced()
        self._needs = needs_in(schema)
        self._guard = guard
        self._suggestions = suggestions
        self._rules = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule, *rules)
        # An entry weighs at least its share of the bytes, so that one bound keeps both: bytes and number.
        self._share = max(_BYTES_PER_ENTRY, sizes.bytes_max // sizes.operations_max)
        self._ready: LRUCache[str, Prepared] = LRUCache(sizes.bytes_max, getsizeof=self._bytes)
        self._refused: LRUCache[str, Prepared] = LRUCache(sizes.refused_max)

    def prepare(self, text: str) -> Prepared:
        """The prepared operation of `text`, from the cache if it is there. Never raises for a bad text."""
        try:
            return self._ready[text]  # in half the time that `get` takes, which looks twice
        except KeyError:
            found = self._refused.get(text)
        if found is not None:
            return found
        prepared = self._prepared(text)
        if not prepared.faults:
            if self._bytes(prepared) <= self._ready.maxsize:
                self._ready[text] = prepared
        elif len(text) <= self._guard.limits.characters:
            self._refused[text] = prepared
        return prepared

    def __contains__(self, text: str) -> bool:
        """Whether `text` is prepared, or was refused, so that it costs next to nothing to be asked for it."""
        return text in self._ready or text in self._refused

    def __len__(self) -> int:
        return len(self._ready) + len(self._refused)

    def _bytes(self, prepared: Prepared) -> int:
        document = prepared.document
        characters = len(document.loc.source.body) if document is not None and document.loc is not None else 0
        plans = 0 if prepared.plans is None else prepared.plans.bytes
        return max(self._share, _BYTES_PER_ENTRY + _BYTES_PER_CHARACTER * characters + plans)

    def _weigh(self, text: str) -> None:
        """Count an operation anew that has been compiled."""
        prepared = self._ready.pop(text, None)
        if prepared is not None and self._bytes(prepared) <= self._ready.maxsize:
            self._ready[text] = prepared

    def _prepared(self, text: str) -> Prepared:
        try:
            document = self._guard.admit(text)
        except DocumentTooLarge as large:
            return Prepared(
                faults=tuple(
                    fault(one.message, DOCUMENT_TOO_LARGE, limit=one.limit, found=one.found, allowed=one.allowed)
                    for one in large.excesses
                )
            )
        except GraphQLSyntaxError as error:
            return Prepared(faults=(request_fault(error, PARSE_FAILED),))
        operations = {
            node.name.value if node.name else None: node
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        kinds = {name: node.operation for name, node in operations.items()}
        errors = validate(
            self._schema, document, self._rules, max_errors=_ERRORS_MAX, hide_suggestions=not self._suggestions
        )
        if errors:
            faults = (request_fault(error, VALIDATION_FAILED, suggestions=self._suggestions) for error in errors)
            return Prepared(kinds, faults=tuple(faults))
        touched = {name: touches(self._schema, document, node, self._declared) for name, node in operations.items()}
        shut_out = {name: frozenset(path for path in SHUT if offences(found, path)) for name, found in touched.items()}
        estimates = {
            name: estimate(self._schema, document, node, touched[name], self._priced)
            for name, node in operations.items()
        }
        asked = {name: needed(self._schema, document, node, self._needs) for name, node in operations.items()}
        schema_field = asks_for_schema(document)
        plans = None if self._ground is None else Plans(self._ground, document, partial(self._weigh, text))
        return Prepared(
            kinds,
            document,
            schema_field=schema_field,
            touched=touched,
            shut_out=shut_out,
            estimates=estimates,
            needed=asked,
            anybodys={} if schema_field else _anybodys(kinds, asked),
            plans=plans,
        )


def _anybodys(
    kinds: Mapping[str | None, OperationType], asked: Mapping[str | None, tuple[Needed, ...]]
) -> dict[str | None, str | None]:
    free = {name: name for name, kind in kinds.items() if kind is OperationType.QUERY and not asked[name]}
    # The only one needs no name (GraphQL, October 2021, 6.1: GetOperation).
    only = next(iter(free), None) if len(kinds) == 1 else None
    return free if only is None else {**free, None: only}
