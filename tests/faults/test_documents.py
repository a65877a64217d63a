"""The table of documents against the schema: every promise has a way to it, and every way leads to a promise."""

from __future__ import annotations

import pytest
from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, parse, validate, visit

from domains.vocabulary import ServingTier, SystemRole
from gateway.limits import DEFAULT_LIMITS, DocumentGuard
from gateway.schema import build_schema, degradations
from tests.faults.documents import ASKINGS, SERVED, Asking, alias, askings_of, document, reached, requests_of

SCHEMA = build_schema()._schema
DECLARED = set(degradations())


def test_every_field_that_declares_a_degradation_has_a_document() -> None:
    """A field with @degrades that nobody asks for would be a promise that nobody checks. The matrix posts queries; what
    can be watched reads as they do, and what the journal answers asks no system: both are tried in tests/resolvers."""
    watched = {field for field in DECLARED if field.startswith("Subscription.")}
    of_the_journal = {field for field in DECLARED if not any(line.systems for line in SERVED[field])}
    assert DECLARED - {asking.field for asking in ASKINGS} == watched | of_the_journal


def test_whoever_is_backed_declares_another_systems_projection() -> None:
    """A field that answers while its system fails and nothing is kept says from where; and each that says so of stock
    and places has a document on whose way nothing else is needed, unless it always hangs on something else."""
    ahead = {
        field
        for field, lines in SERVED.items()
        if {line.tier for line in lines} == {ServingTier.LIVE, ServingTier.PROJECTION}
    }
    backed = {asking.field for asking in ASKINGS if asking.backed}
    assert backed <= ahead
    assert ahead - backed == {
        "Fulfillment.location",  # of an order
        "InventoryReservationLine.location",  # of a reservation
        "ReturnAuthorization.authorizedAt",  # of a return
        "Mutation.inventoryReservationCreate",  # of what the OMS refused
        "Query.node",  # asked for an order there
        "Subscription.availabilityChanged",  # not of a query
    }


def test_every_document_is_of_a_field_that_declares_a_degradation() -> None:
    """A field that is asked for here and declares nothing has lost its promise."""
    assert {asking.field for asking in ASKINGS} - DECLARED == set()


@pytest.mark.parametrize("system", SystemRole)
def test_the_documents_of_a_system_are_valid_and_within_the_limits(system: SystemRole) -> None:
    """Each document would be answered by a gateway with its usual limits."""
    for asked in requests_of(system):
        assert validate(SCHEMA, DocumentGuard(DEFAULT_LIMITS).admit(document(asked))) == []


@pytest.mark.parametrize("asking", ASKINGS, ids=lambda asking: f"{asking.system.value}-{asking.field}")
def test_the_path_of_an_asking_ends_at_its_field(asking: Asking) -> None:
    """What is judged is the value of the field that the asking is named for."""
    seen = _Fields(TypeInfo(SCHEMA))
    visit(parse(f"{{ {asking.selection} }}"), TypeInfoVisitor(seen.types, seen))
    assert seen.fields[asking.names] == asking.field


class _Fields(Visitor):
    """The field ("Type.field") at each path of names in a document."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.fields: dict[tuple[str, ...], str] = {}
        self._names: list[str] = []

    def enter_field(self, node: FieldNode, *_: object) -> None:
        owner = self.types.get_parent_type()
        assert owner is not None
        self._names.append(node.name.value)
        self.fields.setdefault(tuple(self._names), f"{owner.name}.{node.name.value}")

    def leave_field(self, *_: object) -> None:
        self._names.pop()


def test_what_an_asking_reached_is_told_place_by_place() -> None:
    """Lists on the way are walked through, and a null on the way stands for all that would be below it."""
    asking = next(one for one in askings_of(SystemRole.ERP) if one.path == "order.lines.product")
    place = askings_of(SystemRole.ERP).index(asking)
    answer = {alias(place): {"lines": [{"product": {"name": "cup"}}, {"product": None}]}}
    first, second = (alias(place), "lines", 0, "product"), (alias(place), "lines", 1, "product")
    assert reached(answer, asking, place) == [(first, {"name": "cup"}), (second, None)]
    assert reached({alias(place): None}, asking, place) == [((alias(place),), None)]
