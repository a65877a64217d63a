"""Who may ask for what, over HTTP: what is refused asks no system, and what is somebody else's is not there."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from domains.sandbox import Sandbox
from gateway.audiences import read_audiences
from gateway.permits import needs_in
from gateway.schema import build_schema
from tests.gateway.permits.shortest import shortest
from tests.running import ROOT, Asked, Json, gateway_running, sandbox_running

SCHEMA = build_schema()._schema
NEEDS = needs_in(SCHEMA)
AUDIENCES = read_audiences()
ADA, BILLED, CLERK, ROVER, OPS = "ada", "billed", "clerk", "rover", "ops"
WEB, APP, BARE = "web", "app", "bare"
WHO = {
    ADA: ("storefront", 'customer = "cust-00001"'),
    BILLED: ("mobile", 'customer = "cust-00001"\nscopes = ["finance:read", "operations:read"]'),
    CLERK: ("associate", 'store = "store-007"'),
    ROVER: ("associate", ""),
    OPS: ("operations", ""),
    WEB: ("partner/marketplace", 'channel = "WEB"'),
    APP: ("partner/marketplace", 'channel = "APP"'),
    BARE: ("partner/marketplace", ""),
}
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n'
    f'audience = "{audience}"\n{more}\n'
    for name, (audience, more) in WHO.items()
)
BOOKS = """# path: BROWSE
query Books { me { displayName email loyalty { balance { available { value } } }
  orders(first: 20) { nodes { orderNumber returns { rmaNumber } ...Money } } } }
fragment Money on Order { total { amount } bill: financialSummary { invoiced { amount } } }
"""
SHOPPERS = '[identity.anonymous]\naudience = "storefront"\n'
REFUSED = {"FORBIDDEN", "UNAUTHENTICATED"}
NOT_THERE = {"GRAPHQL_VALIDATION_FAILED", "ERP_ON_CHECKOUT_PATH"}
"""The audience's view does not hold the field, or its path may not wait for the books: refused before scopes are."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authorization")


@pytest.fixture(scope="module")
def asked(sandbox: Sandbox, folder: Path) -> Iterator[Asked]:
    documents = folder / "documents"
    documents.mkdir()
    (documents / "books.graphql").write_text(BOOKS)
    extra = f'[documents]\ndirectory = "{documents}"\n[http]\nbatch_max = 5\n{TOKENS}'
    with gateway_running(sandbox.urls, folder, extra, SHOPPERS) as running:
        yield running


def sent(asked: Asked, who: str | None, **body: object) -> httpx.Response:
    headers = {"Accept": "application/graphql-response+json"}
    if who is not None:
        headers["Authorization"] = f"Bearer {who}"
    return asked.http.post("/graphql", json=body, headers=headers)


def codes(answer: httpx.Response) -> set[str]:
    return {error["extensions"]["code"] for error in answer.json().get("errors", ())}


def holds(who: str | None, coordinate: str) -> bool:
    """Whether a caller brings what a field asks, by the audiences that come with the product."""
    need, asked_for = NEEDS[coordinate], {BILLED: {"finance:read", "operations:read"}}
    if who is None:
        return not need.authenticated and not need.scopes
    scopes = AUDIENCES.of(WHO[who][0]).scopes_of(frozenset(asked_for.get(who, set())))
    return not need.scopes or any(way <= scopes for way in need.scopes)


@pytest.mark.parametrize("coordinate", sorted(NEEDS))
def test_every_marked_field_is_refused_to_who_lacks_what_it_asks(asked: Asked, coordinate: str) -> None:
    """For callers of every kind, and none of the refusals asks a system for anything."""
    text = shortest(SCHEMA, coordinate)
    asked.reset()
    for who in (None, *WHO):
        if holds(who, coordinate):
            continue
        answer = sent(asked, who, query=text)
        assert codes(answer) <= REFUSED | NOT_THERE, (who, answer.text)
        assert codes(answer), who
        assert "data" not in answer.json()
        if codes(answer) & REFUSED:
            assert answer.status_code == (401 if who is None else 403)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert asked.calls() == {}
    able = [who for who in WHO if holds(who, coordinate)]
    served = [who for who in able if not codes(sent(asked, who, query=text)) & (REFUSED | NOT_THERE)]
    assert served, f"nobody may ask for {coordinate}"


def test_one_refused_field_in_a_large_document_asks_nobody(asked: Asked) -> None:
    """The whole operation is refused, with the place, the way there and what is missing; with the scope it runs."""
    asked.reset()
    answer = sent(asked, ADA, documentId="books")
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="finance:read"' in answer.headers["WWW-Authenticate"]
    (error,) = answer.json()["errors"]
    assert error["message"].startswith("me.orders.nodes.bill (through ...Money) needs the scope finance:read")
    assert error["extensions"] == {
        "code": "FORBIDDEN",
        "field": "me.orders.nodes.bill",
        "coordinate": "Order.financialSummary",
        "missingScopes": ["finance:read"],
    }
    assert error["locations"][0]["line"] == 4
    assert asked.calls() == {}
    assert sent(asked, BILLED, documentId="books").json()["data"]["me"]["orders"]["nodes"]


def test_half_of_a_mutation_does_not_happen(asked: Asked) -> None:
    """A reservation before a refused field of the same operation is not made."""
    reserve = 'inventoryReservationCreate(input: {lines: [{sku: "SKU-00001", quantity: "1"}], idempotencyKey: "half"})'
    hold = 'loyaltyRedemptionHold(input: {membershipId: "mem-00001", points: "1", idempotencyKey: "half"})'
    text = f"mutation {{ {reserve} {{ __typename }} {hold} {{ __typename }} }}"
    asked.reset()
    answer = sent(asked, None, query=text)
    assert (answer.status_code, codes(answer)) == (401, {"UNAUTHENTICATED"})
    assert "error=" not in answer.headers["WWW-Authenticate"]
    assert asked.calls() == {}


def test_a_scope_that_the_audience_does_not_give_is_worth_nothing(asked: Asked) -> None:
    """A customer's token that names operations:read opens nothing, and its neighbours in a batch are answered."""
    name = {"query": '{ product(sku: "SKU-00001") { name } }'}
    cancel = {"query": 'mutation { orderCancel(input: {orderId: "ord-1", idempotencyKey: "b"}) { __typename } }'}
    answer = asked.http.post("/graphql", json=[name, cancel])
    first, second = answer.json()
    assert (answer.status_code, first["data"]["product"]["name"] != "") == (200, True)
    assert second["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert codes(sent(asked, BILLED, query="{ flows { nodes { id } } }")) <= REFUSED | NOT_THERE


def test_a_stream_is_refused_like_any_operation(asked: Asked) -> None:
    """Over server-sent events the refusal is the one event there is."""
    text = 'mutation { orderCancel(input: {orderId: "ord-1", idempotencyKey: "s"}) { __typename } }'
    told = asked.http.post("/graphql", json={"query": text}, headers={"Accept": "text/event-stream"}).text
    (event,) = [line for line in told.splitlines() if line.startswith("data: {")]
    assert json.loads(event.removeprefix("data: "))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


# ---- whose it is


ORDERS = """{ customer(id: "cust-00001") { orders(first: 100) { nodes { id orderNumber channel
  returns { id } } } } }"""


def placed(asked: Asked, channel: str, *, returned: bool = False) -> Json:
    """An order of a channel, as an associate finds it."""
    nodes = asked.data(ORDERS, token=CLERK)["customer"]["orders"]["nodes"]
    found: Json = next(one for one in nodes if one["channel"] == channel and (one["returns"] or not returned))
    return found


@pytest.mark.parametrize("channel", ["WEB", "APP", "STORE"])
def test_a_partner_sees_the_orders_of_its_channel(asked: Asked, channel: str) -> None:
    """By id, by number and as a node; nobody else's, whatever they can prove, and without a channel none."""
    order = placed(asked, channel)
    text = """query($id: ID!, $number: String!) { order(id: $id) { channel } node(id: $id) { id }
      orderByNumber(orderNumber: $number, email: "anna.keller.1@example.com") { channel } }"""
    given = {"id": order["id"], "number": order["orderNumber"]}
    for who in (WEB, APP, BARE):
        data = asked.data(text, given, who)
        mine = WHO[who][1] == f'channel = "{channel}"'
        assert [value is not None for value in data.values()] == [mine] * 3, (who, channel, data)


def test_a_partner_sees_what_came_back_of_its_orders(asked: Asked) -> None:
    """A return goes with its order, by whichever way it is asked for."""
    nodes = asked.data(ORDERS, token=CLERK)["customer"]["orders"]["nodes"]
    returned = [(one["channel"], one["returns"][0]["id"]) for one in nodes if one["returns"]]
    assert returned
    for channel, id_ in returned[:4]:
        text = "query($id: ID) { returnAuthorization(id: $id) { rmaNumber order { channel } } }"
        for who in (WEB, APP, BARE):
            found = asked.data(text, {"id": id_}, who)["returnAuthorization"]
            assert (found is not None) is (WHO[who][1] == f'channel = "{channel}"')


def test_a_partner_orders_in_its_channel(asked: Asked) -> None:
    """It is understood; another one is refused with the rule, and without a channel there is no order."""
    price = {"amount": "5.00", "currencyCode": "EUR"}
    text = "mutation($input: OrderSubmitInput!) { orderSubmit(input: $input) { __typename ... on Order { channel } } }"

    def submit(who: str, key: str, **more: object) -> httpx.Response:
        line = {"sku": "SKU-00001", "quantity": "1", "unitPrice": price}
        given = {"lines": [line], "total": price, "email": "guest@example.com", "idempotencyKey": key, **more}
        return sent(asked, who, query=text, variables={"input": given})

    assert submit(APP, "p1").json()["data"]["orderSubmit"]["channel"] == "APP"
    for who, more in ((APP, {"channel": "WEB"}), (BARE, {}), (BARE, {"channel": "APP"})):
        answer = submit(who, f"p2-{who}-{len(more)}", **more)
        assert codes(answer) == {"FORBIDDEN"}
        assert "channel" in answer.json()["errors"][0]["message"]


def test_a_key_is_bound_to_the_channel_it_was_made_with(asked: Asked, folder: Path) -> None:
    """`retailgraph keys create --channel` makes a partner that sees that channel."""
    words = ["keys", "create", "--audience", "partner/marketplace", "--subject", "acme", "--channel", "APP"]
    command = [sys.executable, "-m", "gateway", *words, "--config", str(folder / "retailgraph.toml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True, env=os.environ)
    key = done.stdout.strip()
    for channel in ("APP", "WEB"):
        data = asked.data("query($id: ID!) { order(id: $id) { channel } }", {"id": placed(asked, channel)["id"]}, key)
        assert data == {"order": {"channel": channel} if channel == "APP" else None}


def test_an_associate_acts_for_their_own_store(asked: Asked) -> None:
    """Goods that were bought anywhere come back at the store of the token, and in the name of no other."""
    order = asked.data(
        """{ customer(id: "cust-00001") { orders(first: 50) { nodes { id channel returnableLines {
      notReturnable line { id } } } } } }""",
        token=CLERK,
    )["customer"]["orders"]["nodes"]
    id_, line = next(
        (one["id"], line["line"]["id"])
        for one in order
        for line in one["returnableLines"]
        if one["channel"] != "STORE" and line["notReturnable"] is None
    )
    text = """mutation($input: ReturnAuthorizeInput!) { returnAuthorize(input: $input) { __typename
      ... on ReturnAuthorization { id authorizedAt { id } lines { id } } ... on Refusal { message } } }"""
    goods = [{"orderLineId": line, "quantity": "1", "reason": "STYLE"}]
    given = {"orderId": id_, "lines": goods, "method": "RETURN_IN_STORE", "refundType": "FULL_REFUND"}

    def authorize(who: str, key: str, **more: object) -> httpx.Response:
        return sent(asked, who, query=text, variables={"input": {**given, "idempotencyKey": key, **more}})

    for who, key in ((CLERK, "s1"), (ROVER, "s2")):
        elsewhere = authorize(who, key, authorizedAt="Location:store-001")
        assert codes(elsewhere) == {"FORBIDDEN"}
        assert "in the name of" in elsewhere.json()["errors"][0]["message"]
    returned = authorize(CLERK, "s3").json()["data"]["returnAuthorize"]
    assert returned["authorizedAt"] == {"id": "Location:store-007"}, returned
    receive = "mutation($input: ReturnReceiveInput!) { returnReceive(input: $input) { __typename } }"
    came = {"returnId": returned["id"], "lines": [{"lineId": returned["lines"][0]["id"], "quantity": "1"}]}
    came["lines"][0]["disposition"] = "RESTOCKED"
    for who, more in ((ROVER, {}), (CLERK, {"receivedAt": "store-001"})):
        answer = sent(asked, who, query=receive, variables={"input": {**came, "idempotencyKey": f"r-{who}", **more}})
        assert codes(answer) == {"FORBIDDEN"}
    mine = sent(asked, CLERK, query=receive, variables={"input": {**came, "idempotencyKey": "r3"}})
    assert mine.json()["data"]["returnReceive"]["__typename"] == "ReturnAuthorization"


def test_guests_go_on_without_an_account(asked: Asked) -> None:
    """Stock, a basket, a reservation, an order and its proof ask nobody who they are."""
    look = """{ product(sku: "SKU-00001") { availability { status } }
      promotionEvaluation(basket: {currencyCode: "EUR", lines: [{sku: "SKU-00001", quantity: "1",
        unitPrice: {amount: "5", currencyCode: "EUR"}}]}) { total { amount } } me { id } }"""
    assert asked.data(look)["me"] is None
    price = {"amount": "5.00", "currencyCode": "EUR"}
    given = {"lines": [{"sku": "SKU-00001", "quantity": "1", "unitPrice": price}], "total": price}
    text = "mutation($input: OrderSubmitInput!) { orderSubmit(input: $input) { ... on Order { orderNumber } } }"
    bought = asked.data(text, {"input": {**given, "email": "me@example.com", "idempotencyKey": "guest"}})
    number = bought["orderSubmit"]["orderNumber"]
    proof = "query($no: String!, $email: String) { orderByNumber(orderNumber: $no, email: $email) { orderNumber } }"
    assert asked.data(proof, {"no": number, "email": "me@example.com"})["orderByNumber"] == {"orderNumber": number}
    assert asked.data(proof, {"no": number, "email": "you@example.com"})["orderByNumber"] is None
