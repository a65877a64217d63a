"""The schema as its readers see it."""

import re

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    parse,
)

from gateway.schema import build_schema, print_sdl
from resolvers.batching import Batched

SCHEMA: GraphQLSchema = build_schema()._schema
OWN = [type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("_") and type_.name[0].isupper()]
BUILT_IN = {"ID", "Int", "Float", "String", "Boolean"}


@pytest.mark.parametrize("type_", [one for one in OWN if one.name not in BUILT_IN], ids=lambda one: one.name)
def test_everything_is_described(type_: GraphQLNamedType) -> None:
    """Every type, field, argument, input member and enum value of the schema has a sentence."""
    assert type_.description
    if isinstance(type_, GraphQLEnumType):
        assert all(value.description for value in type_.values.values())
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for name, field in type_.fields.items():
            if name == "_service":
                continue
            assert field.description, name
            for argument, given in getattr(field, "args", {}).items():
                assert given.description, f"{name}({argument})"


def test_refusals_say_when_they_are_returned() -> None:
    """Every refusal begins with "Returned when", and is a member of some result."""
    refusals = SCHEMA.get_possible_types(SCHEMA.type_map["Refusal"])  # type: ignore[arg-type]  # it is an interface
    members = {member.name for one in OWN if isinstance(one, GraphQLUnionType) for member in one.types}
    assert len(refusals) >= 10
    for refusal in refusals:
        assert (refusal.description or "").startswith("Returned when "), refusal.name
        assert refusal.name in members


def test_results_have_one_success_and_are_else_refusals() -> None:
    """A result is one kind of success, the two refusals that every write can meet, and refusals of its own."""
    for result in (one for one in OWN if isinstance(one, GraphQLUnionType)):
        names = {member.name for member in result.types}
        successes = [one.name for one in result.types if "Refusal" not in {face.name for face in one.interfaces}]
        assert len(successes) == 1, result.name
        assert {"IdempotencyConflict", "BackendUnavailable"} <= names


def test_every_relation_is_a_batch_field() -> None:
    """Outside the root types a field that asks another system does so for all its parents at once."""
    roots = {"Query", "Mutation", "Subscription"}
    for type_ in OWN:
        if type_.name in roots or not isinstance(type_, GraphQLObjectType):
            continue
        for name, field in type_.fields.items():
            own = field.extensions["strawberry-definition"]
            if own.base_resolver is not None and own.is_async:
                assert [type(extension) for extension in own.extensions] == [Batched], f"{type_.name}.{name}"


def test_the_sdl_is_one_document_that_every_composer_knows() -> None:
    """The printed SDL parses, links federation 2.9, and names the six entities by their keys."""
    sdl = print_sdl()
    parse(sdl)
    assert '"https://specs.apollo.dev/federation/v2.9"' in sdl
    for entity, key in (
        ("Product", "sku"),
        ("Location", "id"),
        ("Customer", "id"),
        ("LoyaltyMembership", "id"),
        ("Order", "id"),
        ("ReturnAuthorization", "id"),
    ):
        assert f'type {entity} implements Node @key(fields: "{key}")' in sdl


def test_building_twice_gives_the_same() -> None:
    """The schema can be built any number of times, and prints the same each time."""
    assert print_sdl() == print_sdl()


def test_the_directives_are_part_of_the_schema() -> None:
    """The SDL defines @maxStale for documents and @degrades for the schema, and shows where the latter stands."""
    sdl = print_sdl()
    assert "directive @degrades(to: Degradation!) on FIELD_DEFINITION" in sdl
    assert "seconds: Int!\n) on FIELD\n" in sdl
    shown = {(field, to) for field, to in re.findall(r"\): (\S+) .*@degrades\(to: (\w+)\)", sdl)}
    assert {("[Availability]", "CONSERVATIVE"), ("PromotionEvaluation", "NULL"), ("Order", "LAST_KNOWN")} <= shown
    directive = SCHEMA.get_directive("maxStale")
    assert directive is not None
    assert [place.name for place in directive.locations] == ["FIELD"]
