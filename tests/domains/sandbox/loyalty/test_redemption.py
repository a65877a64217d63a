"""Holding, spending and giving back points: single stories, then any story at all."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from domains.sandbox import loyalty
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import CURRENCY_ROW, SMALL, build_world
from tests.domains.sandbox.contracts import Contract

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
WORLD = build_world(1, NOW, SMALL)
CONTRACT = Contract.of("LOYALTY")


def draft(points: str, membership_id: str = "mem-00001", **members: Any) -> dict[str, Any]:
    amount = {"value": points, "currency": CURRENCY_ROW}
    return {"membershipId": membership_id, "points": amount, **members}


async def write(client: httpx.AsyncClient, path: str, key: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await client.post(path, json=body or {}, headers={"Idempotency-Key": key})


async def balance(client: httpx.AsyncClient, membership_id: str = "mem-00001") -> tuple[int, int]:
    """What is available and held."""
    response = await client.post("/v1/balances/lookup", json={"membershipIds": [membership_id]})
    row = CONTRACT.judge("/v1/balances/lookup", response)["items"][0]
    return int(row["available"]["value"]), int(row["held"]["value"])


async def test_a_hold_moves_points_and_says_so_in_the_ledger(client: httpx.AsyncClient) -> None:
    """A hold takes points from available to held, with a HOLD entry, a worth in euros and a time to live."""
    available, held = await balance(client)
    response = await write(client, "/v1/redemptions", "k", draft("300", ttlS=60, basketReference="b-1"))
    row = CONTRACT.judge("/v1/redemptions", response)
    assert row["value"] == {"amount": "3.00", "currencyCode": "EUR"}
    assert (row["state"], row["expiresAt"], row["basketReference"]) == ("HELD", "2026-03-02T10:01:00.000Z", "b-1")
    assert await balance(client) == (available - 300, held + 300)
    query = {"membershipId": "mem-00001", "first": 1}
    ledger = await client.post("/v1/ledger/search", json={"queries": [query]})
    (entry,) = CONTRACT.judge("/v1/ledger/search", ledger)["pages"][0]["items"]
    assert (entry["type"], entry["points"]["value"], entry["status"]) == ("HOLD", "-300", "POSTED")


async def test_a_capture_spends_and_a_void_gives_back(client: httpx.AsyncClient) -> None:
    """Captured points are gone from held and available; voided ones are available again."""
    available, held = await balance(client)
    first = (await write(client, "/v1/redemptions", "a", draft("100"))).json()["id"]
    second = (await write(client, "/v1/redemptions", "b", draft("50"))).json()["id"]
    captured = await write(client, f"/v1/redemptions/{first}/capture", "c")
    voided = await write(client, f"/v1/redemptions/{second}/void", "d")
    assert CONTRACT.judge("/v1/redemptions/{id}/capture", captured)["state"] == "CAPTURED"
    assert CONTRACT.judge("/v1/redemptions/{id}/void", voided)["state"] == "VOIDED"
    assert await balance(client) == (available - 100, held)


async def test_too_many_points_are_refused_with_what_there_is(client: httpx.AsyncClient) -> None:
    """A hold above the balance is 409 INSUFFICIENT_POINTS, names what is available and changes nothing."""
    available, held = await balance(client)
    response = await write(client, "/v1/redemptions", "k", draft(str(available + 1)))
    assert response.status_code == 409
    body = CONTRACT.judge("/v1/redemptions", response)
    assert (body["code"], body["available"]) == ("INSUFFICIENT_POINTS", str(available))
    assert await balance(client) == (available, held)
    assert (await write(client, "/v1/redemptions", "k", draft(str(available)))).status_code == 200


async def test_refusals_name_their_reason(client: httpx.AsyncClient) -> None:
    """Unknown members and redemptions, and redemptions that are over, are 409 with their code."""
    stranger = await write(client, "/v1/redemptions", "a", draft("1", "mem-99999"))
    missing = await write(client, "/v1/redemptions/red-999999/void", "b")
    id_ = (await write(client, "/v1/redemptions", "c", draft("1"))).json()["id"]
    await write(client, f"/v1/redemptions/{id_}/void", "d")
    over = await write(client, f"/v1/redemptions/{id_}/capture", "e")
    codes = [response.json()["code"] for response in (stranger, missing, over)]
    assert codes == ["MEMBERSHIP_NOT_FOUND", "REDEMPTION_NOT_FOUND", "ILLEGAL_TRANSITION"]
    assert {response.status_code for response in (stranger, missing, over)} == {409}
    assert over.json()["state"] == "VOIDED"


async def test_time_gives_points_back(client: httpx.AsyncClient, clock: Any) -> None:
    """A hold is EXPIRED from the second its time is up, and its points are available again, as of that second."""
    before = await balance(client)
    id_ = (await write(client, "/v1/redemptions", "a", draft("100", ttlS=60))).json()["id"]
    clock.move(59)
    assert await balance(client) == (before[0] - 100, before[1] + 100)
    clock.move(10)
    assert await balance(client) == before
    found = await client.post("/v1/redemptions/lookup", json={"redemptionIds": [id_]})
    assert found.json()["items"][0]["state"] == "EXPIRED"
    ledger = await client.post("/v1/ledger/search", json={"queries": [{"membershipId": "mem-00001", "first": 1}]})
    entry = ledger.json()["pages"][0]["items"][0]
    assert (entry["type"], entry["occurredAt"]) == ("RELEASE", "2026-03-02T10:01:00.000Z")


@pytest.mark.parametrize(
    "body",
    [
        draft("0"),
        draft("-5"),
        draft("1.5"),
        draft("1", ttlS=0),
        draft("1", ttlS=604_801),
        {"membershipId": "mem-00001", "points": {"value": "1", "currency": {"code": "MILES", "name": "Miles"}}},
        {"membershipId": "mem-00001", "points": {"value": 1, "currency": CURRENCY_ROW}},
        {"membershipId": "mem-00001"},
    ],
)
async def test_refuses_what_is_not_a_hold(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """Amounts that are not whole positive points of the program, and times out of range, are 422."""
    response = await write(client, "/v1/redemptions", "k", body)
    assert (response.status_code, response.json()["code"]) == (422, "INVALID_BODY")


@dataclass
class Held:
    """What the model knows of one hold."""

    id: str
    membership_id: str
    points: int
    expires_at: datetime
    state: str = "HELD"


MEMBERS = sorted(WORLD.memberships)[:3]


class AnyStory(RuleBasedStateMachine):
    """Random holds, captures, voids, waits and repeats, against a model of a few lines."""

    holds: Bundle[Held] = Bundle("holds")
    sent: Bundle[tuple[str, str, dict[str, Any], httpx.Response]] = Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        app = build_app("LOYALTY", loyalty.routes(WORLD, lambda: self.now), STILL, lambda: self.now)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://loyalty")
        self.runner = asyncio.Runner()
        self.keys = 0
        self.known: list[Held] = []
        start = {id_: self.do(balance(self.client, id_)) for id_ in MEMBERS}
        self.available = {id_: row[0] for id_, row in start.items()}
        self.held_at_start = {id_: row[1] for id_, row in start.items()}

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def send(self, path: str, body: dict[str, Any]) -> tuple[str, str, dict[str, Any], httpx.Response]:
        self.keys += 1
        key = f"key-{self.keys}"
        return path, key, body, self.do(write(self.client, path, key, body))

    @rule(target=sent, member=st.sampled_from(MEMBERS), points=st.integers(1, 3000), ttl_s=st.integers(1, 120))
    def hold(self, member: str, points: int, ttl_s: int) -> Any:
        """A hold succeeds exactly when the points are there."""
        sent = self.send("/v1/redemptions", draft(str(points), member, ttlS=ttl_s))
        response = sent[3]
        if points > self.available[member]:
            assert response.json()["code"] == "INSUFFICIENT_POINTS"
            assert response.json()["available"] == str(self.available[member])
            return multiple()
        assert response.status_code == 200
        self.available[member] -= points
        self.known.append(Held(response.json()["id"], member, points, self.now + timedelta(seconds=ttl_s)))
        return sent

    @rule(target=sent, data=st.data(), end=st.sampled_from(["capture", "void"]))
    def end(self, data: st.DataObject, end: str) -> Any:
        """A redemption ends once; any further end is refused."""
        if not self.known:
            return multiple()
        held = data.draw(st.sampled_from(self.known))
        sent = self.send(f"/v1/redemptions/{held.id}/{end}", {})
        if held.state != "HELD":
            assert (sent[3].status_code, sent[3].json()["code"]) == (409, "ILLEGAL_TRANSITION")
            return multiple()
        assert sent[3].status_code == 200
        held.state = {"capture": "CAPTURED", "void": "VOIDED"}[end]
        self.available[held.membership_id] += held.points if end == "void" else 0
        return sent

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds: int) -> None:
        """Time passes, and ends what is held too long."""
        self.now += timedelta(seconds=seconds)
        for held in self.known:
            if held.state == "HELD" and held.expires_at <= self.now:
                held.state = "EXPIRED"
                self.available[held.membership_id] += held.points

    @rule(first=sent)
    def repeat(self, first: tuple[str, str, dict[str, Any], httpx.Response]) -> None:
        """The same write again gives the same answer, however long ago it was; another body is a conflict."""
        path, key, body, answer = first
        again = self.do(write(self.client, path, key, body))
        assert (again.content, again.headers["Idempotent-Replay"]) == (answer.content, "true")
        other = self.do(write(self.client, path, key, {**body, "other": 1}))
        assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")

    @invariant()
    def balanced(self) -> None:
        """Nothing is overspent, and balance, ledger and redemptions tell the same story."""
        for member in MEMBERS:
            available, held = self.do(balance(self.client, member))
            holding = [row for row in self.known if row.membership_id == member and row.state == "HELD"]
            assert available == self.available[member] >= 0
            assert held == self.held_at_start[member] + sum(row.points for row in holding)
            entries = [row for row in self.do(self.ledger(member)) if row["status"] == "POSTED"]
            assert available == sum(Decimal(row["points"]["value"]) for row in entries)
            kept = [row for row in entries if row["type"] not in ("HOLD", "RELEASE")]
            assert available + held == sum(Decimal(row["points"]["value"]) for row in kept)

    async def ledger(self, member: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        more = True
        while more:
            query = {"membershipId": member, "first": 100, "after": rows[-1]["id"] if rows else None}
            page = (await self.client.post("/v1/ledger/search", json={"queries": [query]})).json()["pages"][0]
            rows, more = rows + page["items"], page["hasNext"]
        return rows

    def teardown(self) -> None:
        self.do(self.client.aclose())
        self.runner.close()


AnyStory.TestCase.settings = settings(max_examples=15, stateful_step_count=20)


TestAnyStory = AnyStory.TestCase
