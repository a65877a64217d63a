"""Returns over real HTTP: authorized while somebody waits, settled in every book afterwards, promised in an outage."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import Asked, Json, gateway_running, sandbox_running, until

ADA, CLERK = "ada", "clerk"
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
    for name, who in (
        (ADA, 'customer = "cust-00001"'),
        (CLERK, 'audience = "associate"\nstore = "store-007"'),
    )
)
SHOPPERS = '[identity.anonymous]\naudience = "storefront"\n'
BOUGHT, EARNED, PAID = "ord-000001", Decimal(761), Decimal("152.30")
"""Delivered to cust-00001 and still within its window: two of line 1, one of line 2."""

RETURN = "id rmaNumber status provisional estimatedRefund { amount } lines { id quantityReceived } freshness { source }"
SAID = f"__typename ... on ReturnAuthorization {{ {RETURN} }} ... on Refusal {{ code message }}"
REQUEST = f"mutation($input: ReturnRequestInput!) {{ returnRequest(input: $input) {{ {SAID} }} }}"
AUTHORIZE = f"mutation($input: ReturnAuthorizeInput!) {{ returnAuthorize(input: $input) {{ {SAID} }} }}"
DECLINE = f"mutation($input: ReturnDeclineInput!) {{ returnDecline(input: $input) {{ {SAID} }} }}"
RECEIVE = f"mutation($input: ReturnReceiveInput!) {{ returnReceive(input: $input) {{ {SAID} }} }}"
CANCEL = f"mutation($input: ReturnCancelInput!) {{ returnCancel(input: $input) {{ {SAID} }} }}"
BY_ID = f"query($id: ID) {{ returnAuthorization(id: $id) {{ {RETURN} }} }}"
BY_RMA = f"query($rma: String) {{ returnAuthorization(rmaNumber: $rma) {{ {RETURN} }} }}"
OF_ORDER = """query($id: ID!) { order(id: $id) { returns { id status } returnableLines { line { id } quantity } } }"""
KEYS = iter(f"key-{number}" for number in range(10_000))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("returns")


@pytest.fixture(scope="module")
def asked(sandbox: Sandbox, folder: Path) -> Iterator[Asked]:
    with gateway_running(sandbox.urls, folder, TOKENS, SHOPPERS) as running:
        yield running


def told(asked: Asked, mutation: str, who: str = CLERK, **given: object) -> Json:
    (answer,) = asked.data(mutation, {"input": {"idempotencyKey": next(KEYS), **given}}, who).values()
    assert isinstance(answer, dict)
    return answer


def goods(line_id: str = "1", quantity: str = "1", method: str = "RETURN_IN_STORE") -> Json:
    lines = [{"orderLineId": line_id, "quantity": quantity, "reason": "STYLE"}]
    return {"lines": lines, "method": method, "refundType": "FULL_REFUND"}


def authorized(asked: Asked, order: str = BOUGHT, who: str = CLERK, **given: object) -> Json:
    returned = told(asked, AUTHORIZE, who, **{**goods(), "orderId": order, **given})
    assert returned["__typename"] == "ReturnAuthorization", returned
    return returned


def settled(folder: Path, returned: Json, kind: str = "return.authorize", state: str = "COMPLETED") -> str:
    """Wait until the newest flow of a kind about the return is so; answers its id."""

    def look() -> str | None:
        with closing(sqlite3.connect(folder / "retailgraph.db")) as books:
            newest = "SELECT id, state FROM flows WHERE subject = ? AND kind = ? ORDER BY seq DESC LIMIT 1"
            row = books.execute(newest, (returned["id"], kind)).fetchone()
        return str(row[0]) if row is not None and row[1] == state else None

    return until(look, f"{kind} {state} of {returned['rmaNumber']}")


def looked_up(sandbox: Sandbox, system: str, path: str, asking: Json) -> list[Json]:
    answer = httpx.post(f"{sandbox.urls[system]}{path}", json=asking, trust_env=False).json()
    items: list[Json] = answer["items"]
    return items


def posting(sandbox: Sandbox, subject: str, id_: str) -> Json:
    (facts,) = looked_up(sandbox, "ERP", "/v1/postings/lookup", {"keys": [{"subject": subject, "id": bare(id_)}]})
    return facts


def taken_back(sandbox: Sandbox, flow_id: str, step: str = "reverse-points") -> Decimal:
    """The points that a step moved, by the engine's own ledger."""
    asking = {"references": [f"{flow_id}:{step}"]}
    (written,) = looked_up(sandbox, "LOYALTY", "/v1/ledger/by-reference", asking)
    return Decimal(written["entry"]["points"]["value"])


def history(sandbox: Sandbox, returned: Json) -> list[str]:
    notes = looked_up(sandbox, "CRM", "/v1/history/lookup", {"customerIds": ["cust-00001"]})
    return [note["kind"] for note in notes if note["about"] == returned["id"]]


def bare(public: str) -> str:
    return public.rsplit(":", maxsplit=1)[-1]


@contextmanager
def failing(sandbox: Sandbox, system: str, **faults: object) -> Iterator[None]:
    with httpx.Client(base_url=sandbox.urls[system], trust_env=False) as knobs:
        knobs.post("/_sandbox/faults", json=faults).raise_for_status()
        try:
            yield
        finally:
            knobs.delete("/_sandbox/faults")


def test_a_return_reaches_every_book(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """Authorized at the OMS at once; then the books have its credit memo, the engine took its share of the points, and
    the customer's history tells of it. Called off, all of it goes back."""
    returned = authorized(asked)
    assert (returned["status"], returned["provisional"], returned["freshness"]) == (
        "AUTHORIZED",
        False,
        {"source": "oms"},
    )
    flow_id = settled(folder, returned)
    assert posting(sandbox, "RETURN", returned["id"])["documentNumber"]
    worth = Decimal(returned["estimatedRefund"]["amount"])
    assert taken_back(sandbox, flow_id) == -(EARNED * worth / PAID).quantize(Decimal(1), ROUND_DOWN)
    assert history(sandbox, returned) == ["return.authorized"]
    off = told(asked, CANCEL, returnId=returned["id"])
    assert off["status"] == "CANCELED"
    back = settled(folder, returned, "return.cancel")
    assert posting(sandbox, "RETURN", returned["id"])["reversedAt"]
    assert taken_back(sandbox, back, "restore-points") == -taken_back(sandbox, flow_id)
    assert history(sandbox, returned) == ["return.authorized", "return.canceled"]


def test_what_comes_back_is_received(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """Goods that came are counted at the OMS and in the stock of the books; a return of received goods stays."""
    returned = authorized(asked, orderId=None, orderNumber="R100000013")
    line = {"lineId": returned["lines"][0]["id"], "quantity": "1", "disposition": "RESTOCKED"}
    answer = told(asked, RECEIVE, returnId=returned["id"], lines=[line])
    assert (answer["status"], answer["lines"][0]["quantityReceived"]) == ("RECEIVED", "1")
    flow_id = settled(folder, returned, "return.receive")
    assert posting(sandbox, "RECEIPT", flow_id.replace("flow-", "receipt-"))["documentNumber"]
    assert told(asked, CANCEL, returnId=returned["id"])["code"] == "ILLEGAL_RETURN_STATE"
    assert told(asked, RECEIVE, returnId=returned["id"], lines=[line])["code"] == "ILLEGAL_RETURN_STATE"


def test_a_customer_asks_and_somebody_decides(asked: Asked, folder: Path) -> None:
    """A customer requests a return of their own order; only those who serve approve or decline it."""
    wish = told(asked, REQUEST, ADA, orderId="ord-000010", **goods())
    assert wish["status"] == "REQUESTED", wish
    no = {"returnId": wish["id"], "reason": "No.", "idempotencyKey": next(KEYS)}
    answer = asked.ask(DECLINE, {"input": no}, ADA)
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"  # a customer's schema has no such
    assert told(asked, AUTHORIZE, ADA, returnId=wish["id"])["code"] == "RETURN_NOT_FOUND"
    declined = told(asked, DECLINE, returnId=wish["id"], reason="It was worn.")
    assert declined["status"] == "DECLINED"
    assert told(asked, AUTHORIZE, returnId=wish["id"])["code"] == "ILLEGAL_RETURN_STATE"
    again = told(asked, REQUEST, ADA, orderNumber="R100000010", **goods())
    approved = told(asked, AUTHORIZE, returnId=again["id"])
    assert (approved["status"], approved["id"]) == ("AUTHORIZED", again["id"])
    settled(folder, approved)


def test_a_customer_sends_goods_back_by_mail(asked: Asked) -> None:
    """A customer may authorize what they send; a store's counter is somebody else's to decide."""
    assert told(asked, AUTHORIZE, ADA, orderId="ord-000003", **goods("2"))["code"] == "METHOD_NOT_OFFERED"
    sent = authorized(asked, "ord-000003", ADA, **goods("2", method="RETURN_BY_MAIL"))
    assert sent["status"] == "AUTHORIZED"


def test_a_promise_is_kept_when_the_oms_is_back(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """With the OMS gone a customer is told to wait and an associate gets a number that can be read at once; with the
    OMS back, the same return is recorded under it and settled in the books."""
    with failing(sandbox, "OMS", reset=1):
        assert (
            told(asked, AUTHORIZE, ADA, orderId=BOUGHT, **goods("2", method="RETURN_BY_MAIL"))["code"]
            == "BACKEND_UNAVAILABLE"
        )
        promised = authorized(asked, **goods("2"))
        assert (promised["status"], promised["provisional"]) == ("AUTHORIZED", True)
        assert promised["freshness"] == {"source": "journal"}
        assert promised["rmaNumber"].startswith("P-")
        assert asked.data(BY_ID, {"id": promised["id"]}, CLERK)["returnAuthorization"]["provisional"]
        assert asked.data(BY_RMA, {"rma": promised["rmaNumber"]}, CLERK)["returnAuthorization"]["id"] == promised["id"]
    flow_id = settled(folder, promised)
    confirmed = asked.data(BY_RMA, {"rma": promised["rmaNumber"]}, CLERK)["returnAuthorization"]
    assert (confirmed["id"], confirmed["provisional"], confirmed["freshness"]) == (
        promised["id"],
        False,
        {"source": "oms:open"},
    )
    assert posting(sandbox, "RETURN", promised["id"])["documentNumber"]
    worth = Decimal(confirmed["estimatedRefund"]["amount"])
    assert taken_back(sandbox, flow_id) == -(EARNED * worth / PAID).quantize(Decimal(1), ROUND_DOWN)


def test_an_oms_that_hangs_is_an_oms_that_is_gone(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """Nobody at the desk waits for longer than a request may take, and the promise is in the journal by then."""
    with failing(sandbox, "OMS", stall_s=60):
        promised = authorized(asked, "ord-000013", **goods("4"))
    assert promised["provisional"]
    settled(folder, promised)


def test_an_answer_that_was_lost_makes_no_second_return(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """An OMS that recorded the return unheard has it once: the promise finds it, and its number leads to it."""
    with failing(sandbox, "OMS", lost_reply=1, endpoints=["/v1/returns"]):
        promised = authorized(asked)
    assert promised["provisional"]
    settled(folder, promised)
    assert posting(sandbox, "RETURN", promised["id"])["documentNumber"]
    found = asked.data(BY_RMA, {"rma": promised["rmaNumber"]}, CLERK)["returnAuthorization"]
    assert (found["id"], found["provisional"]) == (promised["id"], False)
    of_order = asked.data(OF_ORDER, {"id": BOUGHT}, CLERK)["order"]["returns"]
    assert [one["id"] for one in of_order if one["status"] == "AUTHORIZED"].count(promised["id"]) == 1


def test_a_promise_that_cannot_be_kept_is_put_before_a_person(asked: Asked, sandbox: Sandbox, folder: Path) -> None:
    """More than was ever bought is promised while nobody can count; the exception says what the customer was told."""
    with failing(sandbox, "OMS", reset=1):
        promised = authorized(asked, "ord-000013", **goods("3", "40"))
    flow_id = settled(folder, promised, state="NEEDS_PERSON")
    with closing(sqlite3.connect(folder / "retailgraph.db")) as books:
        told_ = " ".join(
            map(str, books.execute("SELECT title, impact FROM exceptions WHERE about = ?", (flow_id,)).fetchone())
        )
    assert f"Provisional RMA {promised['rmaNumber']} was refused by the OMS" in told_
    assert "The customer was told yes" in told_
    assert asked.data(BY_ID, {"id": promised["id"]}, CLERK)["returnAuthorization"]["provisional"]
