"""One process, many schemas: what callers of different audiences see of it over real HTTP."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import GraphQLSchema, build_client_schema, build_schema, get_introspection_query, print_type

from gateway.audiences import SHIPPED
from tests.running import Asked, gateway_running, sandbox_running

ADA, ACME, MARKET, CLERK, PROBE, QUIET, FRESH = "ada", "acme", "market", "clerk", "probe", "quiet", "fresh"
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
    for name, who in (
        (ADA, 'customer = "cust-00001"'),
        (ACME, 'audience = "partner/acme"'),
        (MARKET, 'audience = "partner/marketplace"\nchannel = "WEB"'),
        (CLERK, 'audience = "associate"\nstore = "store-007"'),
        (PROBE, 'audience = "operations"'),
        (QUIET, 'audience = "partner/quiet"'),
        (FRESH, 'audience = "partner/fresh"'),
    )
)
QUIETS = """
name = "partner/quiet"
tags = ["catalog"]
introspection = false
"""
FRESHS = """
name = "partner/fresh"
tags = ["stock"]
max_stale_s = 0
"""
CONTRACTS = {
    None: "storefront",
    ADA: "storefront",
    ACME: "partner",
    MARKET: "partner.marketplace",
    CLERK: "associate",
    PROBE: "operations",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("views")
    audiences = folder / "audiences"
    audiences.mkdir()
    for file in SHIPPED.glob("*.toml"):
        shutil.copy(file, audiences)
    (audiences / "partner.quiet.toml").write_text(QUIETS)
    (audiences / "partner.fresh.toml").write_text(FRESHS)
    named = f'[audiences]\ndirectory = "{audiences}"\n'
    with (
        sandbox_running() as sandbox,
        gateway_running(sandbox.urls, folder, TOKENS + named, anonymous="") as running,
    ):
        yield running


def contract(token: str | None) -> str:
    return (SHIPPED / f"{CONTRACTS[token]}.graphql").read_text()


def read(asked: Asked, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return asked.http.get("/schema.graphql", headers=headers)


def told(asked: Asked, query: str, token: str | None = None) -> dict[str, Any]:
    (error,) = asked.ask(query, token=token)["errors"]
    assert isinstance(error, dict)
    return error


def types(schema: GraphQLSchema) -> dict[str, str]:
    """Every type as text, but for those that only the schema's own directives are made of: its text leaves them out."""
    imported = ("__", "link__", "_FieldSet")
    return {name: print_type(type_) for name, type_ in schema.type_map.items() if not name.startswith(imported)}


@pytest.mark.parametrize("token", CONTRACTS)
def test_introspection_shows_the_contract_and_nothing_else(asked: Asked, token: str | None) -> None:
    """All that a caller can learn of the schema is what stands in the contract of their audience, type by type."""
    seen = asked.data(get_introspection_query(specified_by_url=True), token=token)
    promised = build_schema(contract(token), assume_valid_sdl=True)
    assert types(build_client_schema(seen)) == types(promised)  # type: ignore[arg-type]  # as it came over the wire


@pytest.mark.parametrize("token", CONTRACTS)
def test_the_text_of_the_schema_is_the_callers_own(asked: Asked, token: str | None) -> None:
    """/schema.graphql and, where there is one, _service answer with the view of whoever asks."""
    answer = read(asked, token)
    promised = contract(token).split("\n\n", 1)[1]
    assert answer.text == promised
    assert "Authorization" in answer.headers["vary"]
    assert "private" in answer.headers["cache-control"]
    if token not in {ACME, MARKET}:
        assert asked.data("{ _service { sdl } }", token=token)["_service"]["sdl"] + "\n" == promised


def test_a_schema_that_is_not_to_be_read_is_not(asked: Asked) -> None:
    """An audience may keep its view to itself: no introspection, no text, no suggestion; its queries run."""
    assert asked.data('{ product(sku: "SKU-00001") { name } }', token=QUIET)["product"]["name"]
    assert told(asked, "{ __schema { queryType { name } } }", QUIET)["extensions"]["code"] == "INTROSPECTION_FORBIDDEN"
    refused = read(asked, QUIET)
    assert (refused.status_code, refused.json()["code"]) == (403, "INTROSPECTION_FORBIDDEN")
    assert read(asked, "nobody-knows-this").status_code == 401
    assert told(asked, "{ prodct { name } }", QUIET)["message"] == "Cannot query field 'prodct' on type 'Query'."


@pytest.mark.parametrize(
    ("token", "hidden"),
    [
        (ACME, "{ %s { id } }|loyaltyProgram|loyaltyRewards"),
        (ACME, '{ %s(id: "x") { id } }|flow|glow'),
        (MARKET, '{ order(id: "Order:ord-000001") { %s { email } } }|customer|customfee'),
        (MARKET, '{ order(id: "Order:ord-000001") { id ... on %s { id } } }|Reconciliation|Reconciliator'),
        (ADA, "{ me { %s } }|accountStatus|accountSpirit"),
        (ADA, "{ businessExceptions { nodes { ...F } } } fragment F on %s { id }|BusinessException|BusinessOccasions"),
        (CLERK, "mutation { %s(input: {}) { __typename } }|businessExceptionRetry|businessExceptionRefry"),
        (ACME, "mutation { %s(input: {}) { __typename } }|orderSubmit|orderSubtle"),
    ],
)
def test_what_is_hidden_is_told_as_what_is_not_there(asked: Asked, token: str, hidden: str) -> None:
    """A field or type outside of the view is refused, letter for letter, like one that nobody ever thought of."""
    query, real, invented = hidden.split("|")
    asked.reset()
    answer, nonsense = asked.ask(query % real, token=token), asked.ask(query % invented, token=token)
    assert json.dumps(answer).replace(real, invented) == json.dumps(nonsense)
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert asked.calls() == {}


def test_suggestions_name_nothing_that_is_hidden(asked: Asked) -> None:
    """Whoever sees a field is helped to its name; to whom it is hidden nothing is suggested."""
    typing = "{ reconciliation { nodes { id } } }"
    assert "Did you mean 'reconciliations'" in told(asked, typing, PROBE)["message"]
    assert "reconciliations" not in told(asked, typing, CLERK)["message"]
    assert "product" in told(asked, "{ prodct { sku } }", ACME)["message"]


def test_node_finds_what_the_view_holds_and_knows_of_nothing_else(asked: Asked) -> None:
    """The id of a type that is not in the view is like the id of no type at all, and no system is asked."""
    find = 'query { node(id: "%s") { __typename id } }'
    assert asked.data(find % "Product:SKU-00001", token=ACME)["node"]["__typename"] == "Product"
    asked.reset()
    for hidden in ("Customer:cust-00001", "Order:ord-000001", "Reconciliation:1"):
        real, invented = asked.ask(find % hidden, token=ACME), asked.ask(find % "Unicorn:1", token=ACME)
        assert real == invented
        assert real["errors"][0]["message"].startswith("A node id is one of Product, Location, a colon")
    entities = 'query { _entities(representations: [{__typename: "%s", id: "1"}]) { __typename } }'
    assert told(asked, entities % "Reconciliation", ADA) == told(asked, entities % "Unicorn", ADA)
    assert asked.calls() == {}


def test_an_audience_without_mutations_has_no_mutation_type(asked: Asked) -> None:
    """A partner that only reads is told that there is nothing to change here."""
    refused = told(asked, "mutation { __typename }", ACME)
    assert "mutation" in refused["message"].lower()
    assert asked.ask("mutation { __typename }", token=MARKET)["data"] == {"__typename": "Mutation"}


def test_an_audience_gets_nothing_older_than_it_is_to_have(asked: Asked) -> None:
    """As if every field that asks a system said @maxStale: what others are told out of a cache is asked for anew."""
    query = '{ availability(lines: [{sku: "SKU-00007", quantity: "1"}]) { fulfillable best { freshness { tier } } } }'
    asked.data(query, token=ACME)
    asked.reset()
    asked.data(query, token=ACME)
    assert asked.calls() == {}
    asked.data(query, token=FRESH)
    assert set(asked.calls()) == {"OMS"}
