"""Documents over real HTTP: trusted ones by id, digest and letter, and those that clients have sent before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from gateway.documents import digest_of
from tests.limiting import ADA, BOB, BOOKS, GRAPHQL, HOME, PHONE, SUMS, error, limited, orders_of, sent
from tests.running import Asked, Json, command, sandbox_running
from tests.streaming import SUBPROTOCOL


@pytest.fixture(scope="module")
def systems() -> Iterator[dict[str, str]]:
    with sandbox_running() as sandbox:
        yield sandbox.urls


@pytest.fixture(scope="module")
def asked(systems: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with limited(systems, tmp_path_factory.mktemp("limits")) as running:
        yield running


def test_who_may_send_trusted_documents_only(asked: Asked) -> None:
    """By id, by digest or letter by letter they run; anything else is refused, and Apollo's clients get their word."""
    text = f"{BOOKS}\n\n{SUMS.strip()}"
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(HOME)}}
    for body in (
        {"documentId": "home-1"},
        {"documentId": f"sha256:{digest_of(HOME)}"},
        {"extensions": hashed},
        {"query": HOME},
        {"query": HOME, "extensions": hashed},
    ):
        answer = sent(asked, PHONE, **body)
        assert answer.json()["data"]["product"]["name"], answer.text
    by_digest = sent(asked, PHONE, documentId=f"sha256:{digest_of(text)}", variables=orders_of(asked, 1)[0])
    assert by_digest.json()["data"]["orderByNumber"]

    adhoc = sent(asked, PHONE, query="{ __typename }")
    assert (adhoc.status_code, error(adhoc)["extensions"]["code"]) == (403, "DOCUMENT_NOT_TRUSTED")
    unknown = {"persistedQuery": {"version": 1, "sha256Hash": digest_of("{ __typename }")}}
    assert error(sent(asked, PHONE, extensions=unknown))["message"] == "PersistedQueryNotFound"
    again = sent(asked, PHONE, query="{ __typename }", extensions=unknown)
    assert error(again)["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
    assert sent(asked, ADA, query="{ __typename }", extensions=unknown).status_code == 200
    learnt = sent(asked, PHONE, extensions=unknown)  # somebody else had it remembered, which is no trust
    assert error(learnt)["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"


def test_the_handshake_of_automatic_persisted_queries(asked: Asked) -> None:
    """Not found with 200 for old clients and 404 for new ones; sent once by GET; then known, by GET and POST."""
    text = "query Apq($sku: String!) { product(sku: $sku) { name } }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest_of(text)}}
    url: Json = {"variables": json.dumps({"sku": "SKU-00002"}), "extensions": json.dumps(extensions)}
    old, new = asked.http.get("/graphql", params=url), asked.http.get("/graphql", params=url, headers=GRAPHQL)
    assert (old.status_code, new.status_code) == (200, 404)
    for answer in (old, new):
        assert error(answer)["message"] == "PersistedQueryNotFound"
        assert error(answer)["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert asked.http.get("/graphql", params=url | {"query": text}).json()["data"]["product"]["name"]
    assert asked.http.get("/graphql", params=url).json()["data"]["product"]["name"]
    posted = sent(asked, variables={"sku": "SKU-00003"}, extensions=extensions)
    assert posted.json()["data"]["product"]["name"]
    wrong = sent(asked, query="{ __typename }", extensions=extensions)
    assert (wrong.status_code, error(wrong)["extensions"]["code"]) == (400, "PERSISTED_QUERY_HASH_MISMATCH")


def test_get_runs_a_named_query_and_no_named_mutation(asked: Asked) -> None:
    """`documentId` is a parameter of the URL too; a mutation is still refused there."""
    assert asked.http.get("/graphql", params={"documentId": "home-1"}).json()["data"]["product"]["name"]
    absent = asked.http.get("/graphql", params={"documentId": "home-9"})
    assert (absent.status_code, error(absent)["extensions"]["code"]) == (404, "PERSISTED_DOCUMENT_NOT_FOUND")
    both = sent(asked, documentId="home-1", query=HOME)
    assert (both.status_code, error(both)["extensions"]["code"]) == (400, "BAD_REQUEST")


def test_a_trusted_documents_path_stands_unless_it_belongs_to_others(asked: Asked) -> None:
    """A shopper's page may be browsed, ERP and all; a document of the desk stays at the till in a shopper's hands."""
    order = orders_of(asked, 1)[0]
    adhoc = sent(
        asked,
        BOB,
        query=f"{BOOKS}{SUMS}{SUMS.replace('Sums', 'Other')}".replace("...Sums", "...Sums ...Other"),
        variables=order,
    )
    assert error(adhoc)["extensions"]["code"] == "ERP_ON_CHECKOUT_PATH"  # a comment in an ad hoc text says nothing
    asked.reset()
    assert sent(asked, BOB, documentId="books", variables=order).json()["data"]["orderByNumber"]
    assert asked.calls()["ERP"] == {"POST /v1/ledgers/lookup": 1}
    assert error(sent(asked, BOB, documentId="desk"))["extensions"]["code"] == "ERP_ON_CHECKOUT_PATH"
    asked.reset()
    assert sent(asked, documentId="desk").json()["data"]["me"]["orders"]["nodes"]
    assert asked.calls()["ERP"] == {"POST /v1/ledgers/lookup": 1}


async def test_streams_and_sockets_take_names_too(asked: Asked) -> None:
    """Server-sent events and WebSockets run a document by its id, and say so when there is none."""
    events = {"Accept": "text/event-stream", "Authorization": f"Bearer {PHONE}"}
    told = asked.http.post("/graphql", json={"documentId": "home-1"}, headers=events)
    assert '"name"' in told.text
    assert told.text.endswith("event: complete\ndata: \n\n")
    assert asked.http.post("/graphql", json={"documentId": "nosuch"}, headers=events).status_code == 404
    adhoc = asked.http.post("/graphql", json={"query": "{ __typename }"}, headers=events)
    assert error(adhoc)["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
    address = str(asked.http.base_url).replace("http", "ws") + "/graphql"
    async with asyncio.timeout(20), connect(address, subprotocols=[SUBPROTOCOL], proxy=None) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {PHONE}"}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        for name, payload in (
            ("a", {"documentId": "home-1"}),
            ("b", {"documentId": "nosuch"}),
            ("c", {"query": "{ x }"}),
        ):
            await socket.send(json.dumps({"id": name, "type": "subscribe", "payload": payload}))
            heard = json.loads(await socket.recv())
            assert heard["type"] == ("next" if name == "a" else "error"), heard
            if name == "a":
                assert json.loads(await socket.recv())["type"] == "complete"


def test_check_reads_manifests_as_the_gateway_does(tmp_path: Path) -> None:
    """Each document of a manifest is proven by itself, on the path it says; its text does not say otherwise."""
    rows = [
        {"id": "1", "name": "Books", "body": f"{BOOKS}{SUMS}", "path": "BROWSE"},
        {"id": "2", "name": "Till", "body": f"{BOOKS}{SUMS}".replace("# path: BROWSE\n", "").replace("Books", "Till")},
        {"id": "3", "name": "Both", "body": f"{BOOKS}{SUMS}".replace("Books", "Both"), "path": "CHECKOUT"},
    ]
    file = tmp_path / "persisted-query-manifest.json"
    file.write_text(json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": rows}))
    with command("check", str(file), "--json") as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said
    proofs = {proof["operation"]: (proof["path"], proof["holds"]) for proof in json.loads(said)["operations"]}
    assert proofs == {"Books": ("BROWSE", True), "Till": ("CHECKOUT", False), "Both": ("CHECKOUT", False)}


def test_documents_that_cannot_be_trusted_keep_the_house_shut(tmp_path: Path) -> None:
    """`serve` says which file is wrong, in a sentence, before it listens."""
    (tmp_path / "bad.graphql").write_text("query {")
    env = {f"RETAILGRAPH_SYSTEMS__{role}__URL": "http://127.0.0.1:1" for role in ("ERP", "OMS", "LOYALTY", "CRM")}
    env |= {
        "RETAILGRAPH_DOCUMENTS__DIRECTORY": str(tmp_path),
        "RETAILGRAPH_DATABASE__URL": f"sqlite:///{tmp_path}/r.db",
    }
    with command("serve", "--check", env=env) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 2, said
    assert "bad.graphql:1: Syntax Error" in said
