"""Contracts: what a change opens and closes, and that none widens in silence."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.audiences import SHIPPED, Change, UnusableAudiences, change, coordinates
from gateway.cli import app

PARTNER = "partner.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped audiences, with contracts that say what is so."""
    place = tmp_path / "audiences"
    place.mkdir()
    for file in SHIPPED.glob("*.toml"):
        shutil.copy(file, place)
    assert run("accept", str(place)).exit_code == 0
    return place


def run(*arguments: str, command: str = "audiences") -> Result:
    return CliRunner().invoke(app, [command, *arguments])


def changed(folder: Path, before: str, after: str, name: str = PARTNER) -> None:
    file = folder / name
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_a_coordinate_for_everything_that_can_be_opened() -> None:
    """Types, fields, arguments, values, inputs, members of unions, and what callers may besides."""
    found = coordinates(
        """
        # The contract of somebody.
        # may: read its schema
        schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"]) { query: Query }
        type Query { order(id: ID!): Found @tag(name: "orders") }
        type Order { state: State }
        type Refusal { why: String }
        union Found = Order | Refusal
        enum State { OPEN }
        input Wanted { state: State }
        """.replace("        ", "")
    )
    assert found == {
        *("may read its schema", "Query", "Query.order", "Query.order(id:)", "Order", "Order.state", "Refusal"),
        *("Refusal.why", "Found", "Found = Order", "Found = Refusal", "State", "State.OPEN", "Wanted", "Wanted.state"),
    }


def test_a_change_is_told_in_both_directions() -> None:
    """What is new was opened, what is gone was closed."""
    one = change("type Query { a: Int b(x: Int): Int }", "type Query { a: Int b: Int c: Int }")
    assert (one.opened, one.closed) == (("Query.c",), ("Query.b(x:)",))
    with pytest.raises(UnusableAudiences, match="a contract is no schema"):
        coordinates("type Query {")


def test_check_holds_while_nobody_sees_more_than_was_accepted(folder: Path) -> None:
    """With contracts that say what is so, `check` is content."""
    held = run("--audiences", str(folder), command="check")
    assert held.exit_code == 0, held.output
    assert "6 audiences: none sees more than its contract." in held.output


@pytest.mark.parametrize(
    ("before", "after", "opened"),
    [
        ('"stock", "lookup"', '"stock", "lookup", "checkout"', "Mutation.orderSubmit"),
        ('scopes_on_request = ["pii:read"]', 'scopes = ["pii:read"]', "may always do pii:read"),
        ('"EMAIL", ', "", "may see EMAIL unmasked"),
    ],
)
def test_check_fails_for_a_contract_that_would_widen(folder: Path, before: str, after: str, opened: str) -> None:
    """What is opened is named, with how to acknowledge it; acknowledged, it holds again."""
    changed(folder, before, after)
    wider = run("--audiences", str(folder), command="check")
    assert wider.exit_code == 1
    assert re.search(rf"wider partner .*partner\.graphql\n(.*\n)*\s+{re.escape(opened)} was opened", wider.output)
    assert "retailgraph audiences accept" in wider.output
    as_json = json.loads(run("--json", "--audiences", str(folder), command="check").output)
    assert not as_json["holds"]
    assert opened in as_json["audiences"]["partner"]["opened"]
    assert "wrote" in run("accept", str(folder)).output
    assert run("--audiences", str(folder), command="check").exit_code == 0


def test_a_field_that_asks_less_of_its_callers_was_opened() -> None:
    """A scope or a login that a field no longer asks for opens it; one that is asked for anew closes it."""
    marks = (
        "directive @authenticated on FIELD_DEFINITION directive @requiresScopes(scopes: [[ID!]!]!) on FIELD_DEFINITION"
    )
    strict = f'{marks} type Query {{ a: Int @requiresScopes(scopes: [["x"]]) b: Int }}'
    lax = f"{marks} type Query {{ a: Int b: Int @authenticated }}"
    told = 'Query.a without @requiresScopes(scopes: [["x"]])'
    assert change(strict, lax) == Change((told,), ("Query.b without @authenticated",))
    assert change(strict, strict) == Change((), ())


def test_check_tells_what_was_closed_and_holds(folder: Path) -> None:
    """To take something away breaks clients, and opens nothing."""
    changed(folder, '"stock", "lookup"', '"stock"')
    narrower = run("--audiences", str(folder), command="check")
    assert narrower.exit_code == 0
    assert "Query.node was closed for partner" in narrower.output


def test_an_audience_without_a_contract_is_wider_than_what_was_accepted(folder: Path) -> None:
    """Nothing was accepted, so everything is opened."""
    (folder / "partner.graphql").unlink()
    wider = run("--audiences", str(folder), command="check")
    assert wider.exit_code == 1
    assert "everything was opened" in wider.output


def test_diff_compares_files_and_folders(folder: Path, tmp_path: Path) -> None:
    """An audience file against its contract, two files, two folders: 1 when anything is opened, else 0."""
    contract, file = folder / "partner.graphql", folder / PARTNER
    assert run("diff", str(contract), str(file)).exit_code == 0
    assert run("diff", str(folder), str(folder)).exit_code == 0
    wide = run("diff", str(file), str(folder / "partner.marketplace.toml"))
    assert wide.exit_code == 1
    assert "  + Query.order(id:)\n" in wide.output
    assert run("diff", str(folder / "partner.marketplace.toml"), str(file)).exit_code == 0
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    changed(folder, '"stock", ', "")
    changed(folder, '"stock", ', '"stock", "account", ', "partner.marketplace.toml")
    told = run("diff", "--json", str(before), str(folder))
    assert told.exit_code == 1
    changes = json.loads(told.output)
    assert "Product.availability" in changes["partner"]["closed"]
    assert changes["partner"]["opened"] == []
    assert "Query.me" in changes["partner.marketplace"]["opened"]
    assert changes["storefront"] == {"opened": [], "closed": []}


def test_the_list_shows_what_each_audience_sees() -> None:
    """Names, tags, paths and how many fields of how many."""
    shown = run("list").output
    assert re.search(r"partner/marketplace .*CHECKOUT .* \d+ of \d+", shown)
    (whole,) = {int(found) for found in re.findall(r"(?m)^operations .* (\d+) of \1", shown)}
    assert whole > 500
