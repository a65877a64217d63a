"""What a gateway logs of people: nothing, whoever sent it and whatever failed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.running import command, sandbox_running, until
from tests.test_privacy import ADA, READER, SHOPPERS, TOKENS, failing, profile


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with sandbox_running() as running:
        yield running


class Logged:
    """A gateway whose whole log is kept."""

    def __init__(self, lines: list[str], port: int, end: Callable[[], None]) -> None:
        self.lines = lines
        self._end = end
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False)

    def send(
        self, query: str, who: str | None = None, *, headers: Mapping[str, str] | None = None, **given: Any
    ) -> str:
        own = {} if who is None else {"Authorization": f"Bearer {who}"}
        body = {"query": query, "variables": given}
        return self.http.post("/graphql", json=body, headers={**own, **(headers or {})}).text

    def whole(self) -> str:
        """The log from beginning to end; the gateway has ended then."""
        self.http.close()
        self._end()
        return "".join(self.lines)


@pytest.fixture
def logged(sandbox: Sandbox, tmp_path: Path) -> Iterator[Logged]:
    """Every line that a gateway writes at its chattiest, errors of the interpreter included."""
    config = tmp_path / "retailgraph.toml"
    sections = "".join(f'[systems.{role.lower()}]\nurl = "{url}"\n' for role, url in sandbox.urls.items())
    database = f'[database]\nurl = "sqlite:///{tmp_path / "retailgraph.db"}"\n[projection]\ncalls_per_s = 1000\n'
    server = '[server]\nport = 0\ndrain_linger_s = 0\n[logs]\nlevel = "debug"\n'
    config.write_text(server + SHOPPERS + sections + database + TOKENS)
    lines: list[str] = []
    with command("serve", "--config", str(config)) as process:
        stdout = process.stdout
        assert stdout is not None
        reader = threading.Thread(target=lambda: lines.extend(iter(stdout.readline, "")), daemon=True)
        reader.start()
        listening = until(lambda: next((line for line in list(lines) if '"listening"' in line), None), "a port")

        def end() -> None:
            process.terminate()
            process.wait(15)
            reader.join(15)

        yield Logged(lines, json.loads(listening)["port"], end)
        end()


SECRET = {
    "email": "grete.geheim@example.org",
    "phone": "+49 170 9876543",
    "name": "Grete Geheimnis",
    "code": "QX7-PLZ",
    "note": "my left knee hurts",
}
SUBMIT = "mutation($input: OrderSubmitInput!) { orderSubmit(input: $input) { __typename ... on Refusal { message } } }"
RETURN = "mutation($input: ReturnRequestInput!) { returnRequest(input: $input) { __typename } }"


def everything(asking: Logged) -> list[str]:
    """Documents that carry personal values in every place where one can stand; what was answered."""
    price = {"amount": "5.00", "currencyCode": "EUR"}
    order = {
        "lines": [{"sku": "SKU-00001", "quantity": "1", "unitPrice": price}],
        "total": price,
        "email": SECRET["email"],
        "postalCode": SECRET["code"],
        "idempotencyKey": f"k-{len(asking.lines)}",
    }
    line = {"orderLineId": "1", "quantity": "1", "reason": "STYLE", "note": SECRET["note"]}
    back = {"orderId": "ord-000001", "lines": [line], "method": "RETURN_BY_MAIL", "refundType": "FULL_REFUND"}
    by_email = "query($email: String) { customer(email: $email) { displayName email phone } }"
    by_number = """query($no: String!, $email: String, $code: String) {
      orderByNumber(orderNumber: $no, email: $email, postalCode: $code) { status } }"""
    proof: dict[str, Any] = {"no": "R100000001", "email": SECRET["email"], "code": SECRET["code"]}
    return [
        asking.send(by_email, READER, email=SECRET["email"]),
        asking.send(by_email, READER, email="anna.keller.1@example.com"),
        asking.send(by_email, READER, email={"secret": SECRET["email"]}),  # told to the client, in its own words
        asking.send(by_email, READER, email=[SECRET["name"], SECRET["phone"]]),
        asking.send(f'{{ customer(email: "{SECRET["email"]}") {{ id }} }}', READER),
        asking.send(f'{{ customer(email: "{SECRET["name"]}") {{ id }} }}', READER),
        asking.send(f'{{ customer(mail: "{SECRET["email"]}") {{ id }} }}', READER),
        asking.send(f'{{ nothing(like: "{SECRET["phone"]}") {{ id ', READER),
        asking.send(by_number, **proof),
        asking.send("{ me { displayName email phone orders { nodes { id } } } }", ADA),
        asking.send(SUBMIT, ADA, input=order),
        asking.send(SUBMIT, ADA, input={**order, "total": SECRET["phone"]}),
        asking.send(RETURN, ADA, input={**back, "idempotencyKey": order["idempotencyKey"]}),
        asking.send(RETURN, ADA, input={**back, "lines": [{**line, "quantity": SECRET["name"]}]}),
        asking.send("{ __typename }", SECRET["name"].replace(" ", "")),
        asking.send("{ __typename }", headers={"X-Correlation-Id": SECRET["email"], "Idempotency-Key": SECRET["name"]}),
        asking.send("{ __typename }", headers={"Origin": f"https://{SECRET['email']}"}),
        asking.http.get(
            "/graphql", params={"query": by_email, "variables": json.dumps({"email": SECRET["email"]})}
        ).text,
        asking.http.get(f"/graphql/{SECRET['email']}", params={"phone": SECRET["phone"]}).text,
        asking.http.post(f"/events/{SECRET['email']}", content=json.dumps(SECRET)).text,
    ]


def test_nothing_of_a_person_gets_into_the_log(logged: Logged, sandbox: Sandbox) -> None:
    """While all is well and while systems refuse, garble and vanish, no personal value is in any line, whoever sent
    it and wherever it stood."""
    said = everything(logged)
    assert SECRET["email"] in said[2], "a client is told what was wrong with its own value"
    for systems, faults in (
        (("CRM", "OMS"), {"error_ratio": 1}),
        (("CRM", "OMS", "LOYALTY"), {"garbled": 1}),
        (("CRM", "LOYALTY"), {"wrong_types": 1}),
        (("CRM", "OMS"), {"reset": 1}),
    ):
        with failing(sandbox, *systems, **faults):
            said += everything(logged)
    assert any("UPSTREAM" in answer for answer in said), "no system failed"
    written = logged.whole()
    assert '"stopped"' in written
    assert "another origin was refused" in written, "nothing that somebody sent was logged at all"
    told = profile(sandbox, "cust-00001")
    private = [*SECRET.values(), told["displayName"], told["email"], told["phone"], "Geheim", "9876543"]
    assert [value for value in private if value in written] == []
