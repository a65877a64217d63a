"""What operations can reach, through fragments, interfaces, unions and conditions."""

from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, build_schema, parse, validate

from domains.vocabulary import ServingPath, ServingTier, SystemRole
from gateway.paths import Served, Touch, offences, prove, touches
from gateway.paths.proof import UnreadableDocuments

SCHEMA = build_schema(
    """
    interface Node { id: ID! }
    type Order implements Node { id: ID! number: String posting: Posting customer: Customer }
    type Customer implements Node { id: ID! name: String account: String orders: [Order] }
    type Product implements Node { id: ID! name: String stock: Int }
    type Posting { document: String }
    union Found = Order | Product
    type Query { order: Order customer: Customer product: Product node: Node search: [Found] }
    """
)
ERP_LIVE = (Served(frozenset({SystemRole.ERP}), ServingTier.LIVE),)
OMS_LIVE = (Served(frozenset({SystemRole.OMS}), ServingTier.LIVE),)
CRM_LIVE = (Served(frozenset({SystemRole.CRM}), ServingTier.LIVE),)
PROJECTED = (Served(frozenset({SystemRole.ERP}), ServingTier.PROJECTION),)
DECLARED = {
    "Query.order": OMS_LIVE,
    "Query.customer": CRM_LIVE,
    "Query.product": PROJECTED,
    "Order.posting": ERP_LIVE,
    "Order.customer": CRM_LIVE,
    "Customer.account": ERP_LIVE,
    "Customer.orders": OMS_LIVE,
    "Product.stock": OMS_LIVE,
}


def reached(text: str) -> tuple[Touch, ...]:
    document = parse(text)
    assert not validate(SCHEMA, document)
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return touches(SCHEMA, document, operation, DECLARED)


def places(text: str) -> list[str]:
    return [".".join(touch.path) for touch in offences(reached(text), ServingPath.CHECKOUT)]


def test_an_offence_three_fragments_deep_is_named_with_its_way() -> None:
    """The place says the response path and each fragment that leads to it."""
    text = """
      query Basket { order { ...A } }
      fragment A on Order { customer { ...B } }
      fragment B on Customer { orders { ...C } }
      fragment C on Order { books: posting { document } }
    """
    (offence,) = offences(reached(text), ServingPath.CHECKOUT)
    assert offence.place == "order.customer.orders.books (through ...A ...B ...C)"
    assert offence.coordinate == "Order.posting"
    assert offence.line == 5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{ product { name stock } }", []),
        ("{ order { number customer { name } } }", []),
        ("{ order { posting { document } } }", ["order.posting"]),
        ("{ node { id ... on Customer { account } } }", ["node.account"]),
        ("{ node { ... on Node { ... on Order { posting { document } } } } }", ["node.posting"]),
        ("{ search { ... on Order { posting { document } } ... on Product { stock } } }", ["search.posting"]),
        ("query Q($no: Boolean!) { order { posting @include(if: $no) { document } } }", ["order.posting"]),
        ("{ a: order { x: posting { document } } b: order { y: posting { document } } }", ["a.x", "b.y"]),
        ("{ order { __typename ...O ...O } } fragment O on Order { posting { document } }", ["order.posting"]),
    ],
)
def test_every_way_to_the_erp_is_found(text: str, found: list[str]) -> None:
    """Aliases, type conditions, unions, interfaces and conditions hide nothing, and nothing is told twice."""
    assert places(text) == found


def test_other_paths_may_wait() -> None:
    """The same operation is no offence where nobody stands at a till."""
    touched = reached("{ order { posting { document } } }")
    assert offences(touched, ServingPath.SERVICE) == ()
    assert offences(touched, ServingPath.BACKOFFICE) == ()


def test_a_proof_counts_batches_and_tiers(tmp_path: Path) -> None:
    """Per system the furthest tier, and one batch per field and level at most."""
    (tmp_path / "page.graphql").write_text("query Page { product { stock } order { ...O } }")
    (tmp_path / "parts.graphql").write_text("fragment O on Order { customer { orders { number } } }")
    (proof,) = prove(SCHEMA, DECLARED, [tmp_path], ServingPath.CHECKOUT)
    assert proof.holds
    assert proof.tiers == {
        SystemRole.ERP: ServingTier.PROJECTION,
        SystemRole.OMS: ServingTier.LIVE,
        SystemRole.CRM: ServingTier.LIVE,
    }
    assert proof.calls_max == {SystemRole.OMS: 3, SystemRole.CRM: 1}


def test_a_file_may_say_its_path(tmp_path: Path) -> None:
    """`# path: SERVICE` judges a file on that path; one that does not exist is refused with those that do."""
    file = tmp_path / "desk.graphql"
    file.write_text("# path: SERVICE\n{ order { posting { document } } }")
    (proof,) = prove(SCHEMA, DECLARED, [file], ServingPath.CHECKOUT)
    assert proof.holds
    file.write_text("# path: DESK\n{ order { number } }")
    with pytest.raises(UnreadableDocuments, match="CHECKOUT, BROWSE, SERVICE, BACKOFFICE"):
        prove(SCHEMA, DECLARED, [file], ServingPath.CHECKOUT)


@pytest.mark.parametrize("text", ["{ order { ", "{ order { nosuch } }", "{ order { ...Missing } }"])
def test_documents_that_are_wrong_are_named(tmp_path: Path, text: str) -> None:
    """A file that does not parse or does not fit the schema is told with its name and line, and nothing is proven."""
    file = tmp_path / "wrong.graphql"
    file.write_text(text)
    with pytest.raises(UnreadableDocuments, match=r"wrong\.graphql:1"):
        prove(SCHEMA, DECLARED, [file], ServingPath.CHECKOUT)
