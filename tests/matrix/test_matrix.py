"""Who may run which document stands in a table, and is so."""

from __future__ import annotations

import pytest
from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    visit,
)

from tests.matrix.collected import Document, collected, own
from tests.matrix.table import MATRIX, read
from tests.matrix.verdicts import ALLOWED, VISITOR, Court

HOW = "run .venv/bin/python -m tests.matrix, and have the difference reviewed"


@pytest.fixture(scope="module")
def court() -> Court:
    return Court()


@pytest.fixture(scope="module")
def documents(court: Court) -> tuple[Document, ...]:
    return collected(court.schema._schema)


@pytest.fixture(scope="module")
def verdicts(court: Court, documents: tuple[Document, ...]) -> dict[str, dict[str, str]]:
    return court.judge(documents)


class _Fields(Visitor):
    """The fields that a document selects, as "Type.field"."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.found: set[tuple[str, str]] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self._types.get_parent_type()
        assert parent is not None
        self.found.add((parent.name, node.name.value))


def selected(court: Court, documents: tuple[Document, ...]) -> set[tuple[str, str]]:
    """By any document; a field of an interface is one of each type that implements it."""
    schema = court.schema._schema
    found: set[tuple[str, str]] = set()
    for document in documents:
        types = TypeInfo(schema)
        fields = _Fields(types)
        visit(parse(document.text), TypeInfoVisitor(types, fields))
        found |= fields.found
    for name, field in tuple(found):
        type_ = schema.type_map[name]
        if isinstance(type_, GraphQLAbstractType):
            found |= {(one.name, field) for one in schema.get_possible_types(type_)}
    return found


def test_every_field_of_the_schema_is_in_some_document(court: Court, documents: tuple[Document, ...]) -> None:
    """A new field comes with a document that asks for it, so that the table says who may."""
    schema = court.schema._schema
    every = {
        (type_.name, field)
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not type_.name.startswith("__")
        for field in type_.fields
    }
    assert sorted(every - selected(court, documents)) == []


def test_every_document_of_the_table_is_one(court: Court) -> None:
    """What was written for the table is valid in the whole schema: what is refused is refused to somebody."""
    assert len(own(court.schema._schema)) > 50


def test_the_verdicts_are_those_of_the_table(verdicts: dict[str, dict[str, str]]) -> None:
    """For every document and every audience. What differs is a change of who may do what."""
    stored = read(MATRIX.read_text(encoding="utf-8"))
    assert sorted(stored.keys() - verdicts.keys()) == [], f"documents that are gone; {HOW}"
    assert sorted(verdicts.keys() - stored.keys()) == [], f"documents that are new; {HOW}"
    changed = [
        f"{place}, {caller}: {stored[place].get(caller)} -> {verdict}"
        for place, row in verdicts.items()
        for caller, verdict in row.items()
        if stored[place].get(caller) != verdict
    ]
    assert changed == [], HOW


def test_a_visitor_may_nothing_that_a_customer_may_not(verdicts: dict[str, dict[str, str]]) -> None:
    """And customers on the web may what those in an app may: the same person."""
    assert [place for place, row in verdicts.items() if row[VISITOR] == ALLOWED != row["storefront"]] == []
    assert [place for place, row in verdicts.items() if (row["storefront"], row["mobile"]).count(ALLOWED) == 1] == []


def test_who_keeps_the_shop_running_may_whatever_anybody_may(verdicts: dict[str, dict[str, str]]) -> None:
    """Operations see the whole schema, wait for any system, and hold every scope but that of personal data."""
    assert [place for place, row in verdicts.items() if row["operations"] != ALLOWED and ALLOWED in row.values()] == []
    assert [place for place, row in verdicts.items() if row["partner"] == ALLOWED != row["partner/marketplace"]] == []
