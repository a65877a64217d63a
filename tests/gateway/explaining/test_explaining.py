"""What `retailgraph explain` says of an operation before anybody runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domains.vocabulary import ServingPath, ServingTier, SystemRole
from gateway.audiences import read_audiences
from gateway.cli import app
from gateway.explaining import Explanation, Terms, explained
from gateway.schema import build_schema
from gateway.trouble import CannotStart

ERP, OMS = SystemRole.ERP, SystemRole.OMS
SCHEMA = build_schema()
AUDIENCES = read_audiences()
LIST = """query List($skus: [String!]!) {
  products(skus: $skus) { sku availability(locations: ["store-001", "store-002", "store-003"]) { status } } }"""
STOCK = """query Stock($ids: [_Any!]!, $skus: [String!]!) { _entities(representations: $ids) {
  ... on Product { x: availability(locations: ["store-001"]) { status } }
  ... on Location { x: stock(skus: $skus) { status } } } }"""
BOOKS = """query Books {
  customer(id: "cust-00001") { orders(first: 10) { nodes { orderNumber financialSummary { __typename } } } } }"""


async def told(text: str, audience: str | None = None, **variables: object) -> Explanation:
    known = None if audience is None else AUDIENCES.of(audience)
    terms = Terms(known, ServingPath.CHECKOUT if known is None else known.path)
    (one,) = await explained(SCHEMA, terms, text, variables)
    return one


async def test_a_field_is_one_call_for_all_its_parents() -> None:
    """A list says how many parents its fields have; a field of them asks once, with all their keys."""
    list_ = await told(LIST, skus=[f"SKU-{number:05}" for number in range(1, 25)])
    products, availability, stand_in = list_.steps
    assert (products.tier, products.calls) == (ServingTier.PROJECTION, {})
    assert (availability.path, availability.coordinate) == (("products", "availability"), "Product.availability")
    assert (stand_in.coordinate, stand_in.tier, stand_in.calls) == (
        availability.coordinate,
        ServingTier.PROJECTION,
        {},
    )
    assert (availability.parents, availability.keys, availability.calls) == (24, 72, {OMS: 1})
    assert list_.calls == {OMS: 1}
    assert list_.runs


async def test_more_keys_than_a_call_takes_are_more_calls() -> None:
    """What variables make of a list decides what is asked."""
    list_ = await told(LIST, skus=["SKU-00001"] * 200)
    assert list_.calls == {OMS: 2}


async def test_what_types_answer_at_one_place_is_told_of_each() -> None:
    """Under the same name the field of each type has its own keys and calls; the list there is of one of them."""
    stock = await told(STOCK, ids=[{}] * 100, skus=["SKU-00001"] * 6)
    steps = [step for step in stock.steps if step.path == ("_entities", "x") and step.tier is ServingTier.LIVE]
    assert {step.coordinate: (step.keys, step.calls) for step in steps} == {
        "Product.availability": (100, {OMS: 1}),
        "Location.stock": (600, {OMS: 2}),
    }
    assert stock.calls[OMS] == 1 + 3
    assert stock.lists["_entities", "x"] == 600
    assert stock.items == 100 + 600


async def test_what_a_path_must_not_wait_for_is_named() -> None:
    """The field, the code of the refusal and what to ask for instead, as `check` says them."""
    books = await told(BOOKS)
    (objection,) = books.objections
    assert (objection.code, objection.field) == (
        "ERP_ON_CHECKOUT_PATH",
        "customer.orders.nodes.financialSummary",
    )
    assert "use Order.financialStatus" in objection.message
    assert [step.coordinate for step in books.steps if step.objection] == ["Order.financialSummary"]


async def test_an_audience_has_its_own_path_and_scopes() -> None:
    """Who may wait for the ERP is not refused; what only some callers of an audience may is said."""
    assert (await told(BOOKS, "associate")).runs
    assert (await told(BOOKS, "storefront")).on_request == ("finance:read",)


async def test_what_an_audience_does_not_see_does_not_exist() -> None:
    """Against its own view a document of another audience does not validate."""
    flows = "{ flows(first: 1) { nodes { id } } }"
    (objection,) = (await told(flows, "storefront")).objections
    assert objection.code == "GRAPHQL_VALIDATION_FAILED"
    assert (await told(flows, "operations")).runs


async def test_what_costs_more_than_an_audience_may_spend_is_refused_as_the_gate_would() -> None:
    """The refusal is the gate's own, with what it would cost and what is allowed."""
    aliases = "".join(f'a{place}: availability(locations: ["store-001"]) {{ status }} ' for place in range(45))
    dear = await told(f'{{ product(sku: "SKU-00001") {{ {aliases} }} }}', "storefront")
    (objection,) = dear.objections
    assert objection.code == "COST_EXCEEDED"


def test_people_read_a_tree(tmp_path: Path) -> None:
    """Fields stand below those they hang on, with what they ask; the exit code says whether it would run."""
    file = tmp_path / "books.graphql"
    file.write_text(BOOKS)
    done = CliRunner().invoke(app, ["explain", str(file), "--audience", "associate"])
    assert done.exit_code == 0
    lines = [line.rstrip() for line in done.output.splitlines()]
    assert lines[0] == "Books on SERVICE, as associate sees it"
    assert any(
        line.endswith("ERP LIVE  1 call for 10 parents at once, 10 keys  Order.financialSummary") for line in lines
    )
    assert CliRunner().invoke(app, ["explain", str(file), "--audience", "storefront"]).exit_code == 1


async def test_an_operation_is_shown_in_its_stages() -> None:
    """Each field with a resolver is one, at its place, and stands after the one that makes its parents."""
    list_ = await told(LIST, skus=["SKU-00001"])
    root, availability = list_.run.stages
    assert (root.coordinate, root.batch, root.after) == ("Query.products", False, None)
    assert (availability.path, availability.batch, availability.after) == (("products", "availability"), True, 1)


async def test_a_condition_that_is_not_given_is_taken_to_be_true() -> None:
    """Stages are shown without variables; those that are given, and defaults, decide."""
    text = """query ($full: Boolean!, $sku: String!, $less: Boolean = false) { product(sku: $sku) {
      returnPolicy @include(if: $full) { __typename } availability @include(if: $less) { status } } }"""
    assert [one.coordinate for one in (await told(text)).run.stages] == ["Query.product", "Product.returnPolicy"]
    assert [one.coordinate for one in (await told(text, full=False)).run.stages] == ["Query.product"]


async def test_what_is_not_compiled_has_no_stages() -> None:
    """Introspection is graphql-core's."""
    schema = await told("{ __schema { queryType { name } } }")
    assert (schema.run.stages, schema.run.source) == ((), None)


def test_the_python_of_an_operation_is_printed() -> None:
    """Below the tree, and in JSON; only where it is asked for."""
    document = '{ product(sku: "SKU-00001") { name } }'
    done = CliRunner().invoke(app, ["explain", "-", "--source"], input=document)
    assert "    stage 1: one call\n" in done.output
    assert "def root(run, o, x):  # Query at the answer" in done.output
    both = [CliRunner().invoke(app, ["explain", "-", "--json", *more], input=document) for more in ([], ["--source"])]
    without, with_it = (json.loads(one.output)["operations"][0] for one in both)
    assert "source" not in without
    compile(with_it["source"], "the plan", "exec")
    assert with_it["stages"] == [
        {"number": 1, "field": "product", "coordinate": "Query.product", "batch": False, "after": None}
    ]


def test_machines_read_json_from_a_pipe() -> None:
    """`-` is standard input; keys are stable, systems and tiers by name."""
    done = CliRunner().invoke(app, ["explain", "-", "--json", "--path", "service"], input=BOOKS)
    report = json.loads(done.output)
    assert report["runs"]
    (operation,) = report["operations"]
    assert operation["calls"]["ERP"] == 1
    assert operation["steps"][-1] == {
        "field": "customer.orders.nodes.financialSummary",
        "coordinate": "Order.financialSummary",
        "line": 2,
        "systems": ["ERP"],
        "tier": "LIVE",
        "parents": 10,
        "keys": 10,
        "calls": {"ERP": 1},
        "allowed": True,
    }


def test_a_document_says_its_own_path() -> None:
    """A line `# path:` counts here as it does for `check`."""
    done = CliRunner().invoke(app, ["explain", "-", "--json"], input=f"# path: SERVICE\n{BOOKS}")
    assert json.loads(done.output)["operations"][0]["path"] == "SERVICE"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere.graphql"], "nowhere.graphql cannot be read"),
        (["-", "--audience", "everybody"], "--audience is 'everybody'; allowed: storefront"),
        (["-", "--path", "back"], "--path is 'back'; allowed: CHECKOUT"),
        (["-", "--variables", "[1]"], "--variables is not a JSON object"),
        (["-", "--variables", "{"], "--variables is not JSON"),
    ],
)
def test_what_cannot_be_read_is_told(arguments: list[str], why: str) -> None:
    """Each in a sentence that says what is allowed."""
    done = CliRunner().invoke(app, ["explain", *arguments], input=BOOKS)
    assert isinstance(done.exception, CannotStart)
    assert why in str(done.exception)
