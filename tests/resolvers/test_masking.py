"""Personal fields as audiences see them that may not read them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    execute_sync,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

from gateway.schema import build_schema
from resolvers.context import Caller
from resolvers.marks import PiiKind, pii_of
from resolvers.masking import masked, masked_field
from tests.resolvers.world import ASSOCIATE

NAME, EMAIL, PHONE, ADDRESS, PROFILE = (PiiKind[name] for name in ("NAME", "EMAIL", "PHONE", "ADDRESS", "PROFILE"))
READER = replace(ASSOCIATE, scopes=frozenset({"pii:read"}))


@dataclass
class Asking:
    """As much of a context as a mask looks at."""

    caller: Caller


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("anna.keller.1@example.com", EMAIL, "a***@e***.com"),
        ("a@b.co.uk", EMAIL, "a***@b***.uk"),
        ("root@localhost", EMAIL, "r***@***"),
        ("nothing", EMAIL, "***"),
        ("@x.de", EMAIL, "***"),
        ("+493023125001", PHONE, "***01"),
        ("030 231 25 42", PHONE, "***42"),
        ("112", PHONE, "***"),
        ("Anna Keller", NAME, "A. K."),
        ("  Zoë  de Vries ", NAME, "Z. d. V."),
        ("***", NAME, "***"),
        ("Hauptstr. 1, 10827 Berlin", ADDRESS, "***"),
        ("vip", PROFILE, "***"),
        ("", EMAIL, "***"),
        ("", NAME, "***"),
    ],
)
def test_each_kind_has_its_form(text: str, kind: PiiKind, shown: str) -> None:
    """Enough to tell one from another when one knows both, and no more."""
    assert masked(text, kind) == shown


@given(st.text(max_size=60), st.sampled_from(list(PiiKind)))
def test_a_mask_shows_little_of_anything(text: str, kind: PiiKind) -> None:
    """Whatever it is given, it answers, and no run of four characters of what stood there is left."""
    shown = masked(text, kind)
    assert shown
    longest = 3 if kind is not EMAIL else max(3, len(text.rpartition(".")[2]) + 1)
    assert not any(text[at : at + longest + 1] in shown for at in range(len(text) - longest) if "*" not in text)


def asked(field: GraphQLField, kind: PiiKind, value: object, caller: Caller = ASSOCIATE) -> Any:
    held = GraphQLField(field.type, resolve=lambda *_: value)
    schema = GraphQLSchema(GraphQLObjectType("Query", {"it": masked_field(held, kind)}))
    result = execute_sync(schema, parse("{ it }"), context_value=Asking(caller))
    assert not result.errors
    return (result.data or {})["it"]


LIST = GraphQLList(GraphQLNonNull(GraphQLString))


@pytest.mark.parametrize(
    ("type_", "kind", "value", "shown"),
    [
        (GraphQLString, EMAIL, "anna@example.com", "a***@e***.com"),
        (GraphQLString, EMAIL, None, None),
        (GraphQLNonNull(GraphQLString), NAME, "Anna Keller", "A. K."),
        (GraphQLString, PROFILE, "angry", None),
        (GraphQLNonNull(GraphQLString), PROFILE, "angry", "***"),
        (LIST, PROFILE, ["vip"], None),
        (LIST, PROFILE, None, None),
        (GraphQLNonNull(LIST), PROFILE, ["vip"], []),
        (LIST, EMAIL, ["anna@example.com"], None),
    ],
)
def test_a_masked_field_answers_as_its_type_allows(type_: Any, kind: PiiKind, value: object, shown: object) -> None:
    """Of what has no form nothing is shown: null, or the least that the type takes. Who may read it reads it."""
    assert asked(GraphQLField(type_), kind, value) == shown
    assert asked(GraphQLField(type_), kind, value, READER) == value


async def test_a_value_that_comes_later_is_masked_too() -> None:
    """A resolver that is waited for hides nothing from the mask."""

    async def late(*_: object) -> str:
        return "anna@example.com"

    field = masked_field(GraphQLField(GraphQLString, resolve=late), EMAIL)
    assert field.resolve is not None
    info: Any = type("Info", (), {"context": Asking(ASSOCIATE)})
    assert await field.resolve(None, info) == "a***@e***.com"


def test_the_field_itself_stays_as_it_is() -> None:
    """A view's masked copy leaves the schema's own field, and so every other view, alone."""
    customer: Any = build_schema()._schema.type_map["Customer"]
    field = customer.fields["email"]
    before = field.resolve
    copied = masked_field(field, EMAIL)
    assert copied.resolve is not before
    assert customer.fields["email"].resolve is before
    assert (copied.type, pii_of(copied)) == (field.type, EMAIL)
    assert "masks" not in field.extensions


def test_personal_fields_say_so() -> None:
    """What the schema shows of people, by kind; a field that is added says what it is."""
    types: Any = build_schema()._schema.type_map.values()
    found = {
        f"{type_.name}.{name}": kind.value
        for type_ in types
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if (kind := pii_of(field)) is not None
    }
    assert found == {
        "Customer.displayName": "NAME",
        "Customer.email": "EMAIL",
        "Customer.phone": "PHONE",
        "Customer.segments": "PROFILE",
        "ReturnLine.note": "PROFILE",
        "OrderAdjustment.reason": "PROFILE",
    }
