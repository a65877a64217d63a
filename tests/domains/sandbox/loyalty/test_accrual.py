"""Points earned by orders, taken back by their share, and restored."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domains.sandbox import loyalty
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.loyalty.account import Account
from domains.sandbox.loyalty.accrual import Accrual, Reversal
from domains.sandbox.world import CURRENCY_ROW, World
from tests.domains.sandbox.contracts import Contract
from tests.domains.sandbox.telling import Told

CONTRACT = Contract.of("LOYALTY")
MEMBER = "mem-00001"
ACCRUALS, FINALISE = "/v1/accruals", "/v1/accruals/{id}/finalise"
REVERSALS, RESTORES = "/v1/accruals/reversals", "/v1/accruals/restores"


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currencyCode": "EUR"}


def back(amount: str, reference: str = "ReturnAuthorization:r-1", order_id: str = "web-1") -> dict[str, Any]:
    return {"orderId": order_id, "reference": reference, "basis": euros(amount)}


class Member:
    """Writes under keys of its own, and looks at one balance."""

    def __init__(self, client: httpx.AsyncClient, id_: str = MEMBER) -> None:
        self._client = client
        self._id = id_
        self.keys: list[str] = []

    async def write(self, path: str, body: dict[str, Any] | None = None, id_: str = "") -> dict[str, Any]:
        self.keys.append(f"flow-1:{len(self.keys)}")
        headers = {"Idempotency-Key": self.keys[-1]}
        return CONTRACT.judge(
            path, await self._client.post(path.replace("{id}", id_), json=body or {}, headers=headers)
        )

    async def accrue(self, amount: str, order_id: str = "web-1") -> dict[str, Any]:
        return await self.write(ACCRUALS, {"membershipId": self._id, "orderId": order_id, "basis": euros(amount)})

    async def balance(self) -> tuple[int, int]:
        """What is available and pending."""
        response = await self._client.post("/v1/balances/lookup", json={"membershipIds": [self._id]})
        row = CONTRACT.judge("/v1/balances/lookup", response)["items"][0]
        return int(row["available"]["value"]), int(row["pending"]["value"])

    async def order_points(self, order_id: str = "web-1") -> dict[str, Any]:
        response = await self._client.post("/v1/order-points/lookup", json={"orderIds": [order_id]})
        row: dict[str, Any] = CONTRACT.judge("/v1/order-points/lookup", response)["items"][0]
        return {name: amount and amount["value"] for name, amount in row.items() if name != "orderId"}


@pytest.fixture
def member(client: httpx.AsyncClient) -> Member:
    return Member(client)


async def test_what_is_accrued_is_what_was_forecast(member: Member, client: httpx.AsyncClient) -> None:
    """The engine counts the points of an order as it forecasts those of its basket, tier and all; they are pending."""
    line = {"sku": "SKU-00001", "quantity": "1", "unitPrice": euros("33.33")}
    basket = {"currencyCode": "EUR", "lines": [line]}
    asked = {"queries": [{"basket": basket, "membershipId": MEMBER}]}
    (forecast,) = (await client.post("/v1/earnings/forecast", json=asked)).json()["answers"]
    available, pending = await member.balance()
    entry = await member.accrue("33.33")
    assert (entry["points"], entry["status"], entry["orderId"]) == (forecast, "PENDING", "web-1")
    assert await member.balance() == (available, pending + int(forecast["value"]))
    assert await member.order_points() == {"pending": forecast["value"]}
    assert (await member.accrue("33.33"))["code"] == "ILLEGAL_TRANSITION"


async def test_finalised_points_are_available(member: Member) -> None:
    """What was pending is posted, once; what was never accrued is not."""
    available, pending = await member.balance()
    points = int((await member.accrue("10.00"))["points"]["value"])
    assert (await member.write(FINALISE, id_="web-1"))["status"] == "POSTED"
    assert await member.balance() == (available + points, pending)
    assert await member.order_points() == {"pending": None, "earned": str(points)}
    assert (await member.write(FINALISE, id_="web-1"))["code"] == "ILLEGAL_TRANSITION"
    assert (await member.write(FINALISE, id_="web-2"))["code"] == "ACCRUAL_NOT_FOUND"


async def test_pending_points_lessen(member: Member) -> None:
    """Points that are not posted yet become fewer, come back whole, and an order all of which is gone is REVERSED."""
    before = await member.balance()
    points = int((await member.accrue("10.00"))["points"]["value"])
    part = await member.write(REVERSALS, back("4.00"))
    assert (part["type"], part["status"], int(part["points"]["value"])) == ("ACCRUAL", "PENDING", points * 6 // 10)
    gone = await member.write(REVERSALS, back("6.00", "Order:web-1"))
    assert (gone["status"], gone["points"]["value"]) == ("REVERSED", "0")
    assert await member.balance() == before
    assert (await member.write(FINALISE, id_="web-1"))["code"] == "ILLEGAL_TRANSITION"
    restored = await member.write(RESTORES, back("6.00", "Order:web-1"))
    assert (restored["status"], restored["points"]) == ("PENDING", part["points"])
    assert await member.balance() == (before[0], before[1] + points * 6 // 10)


async def test_one_reversal_for_each_reference(member: Member) -> None:
    """Goods come back once under one reference; what was restored may come back again; nothing else is restored."""
    await member.accrue("10.00")
    await member.write(FINALISE, id_="web-1")
    assert (await member.write(REVERSALS, back("4.00")))["type"] == "REVERSAL"
    assert (await member.write(REVERSALS, back("4.00")))["code"] == "ILLEGAL_TRANSITION"
    assert (await member.write(RESTORES, back("4.00", "another")))["code"] == "ILLEGAL_TRANSITION"
    await member.write(RESTORES, back("4.00"))
    assert (await member.write(RESTORES, back("4.00")))["code"] == "ILLEGAL_TRANSITION"
    assert (await member.write(REVERSALS, back("4.00")))["type"] == "REVERSAL"
    assert (await member.write(REVERSALS, back("4.00", order_id="web-2")))["code"] == "ACCRUAL_NOT_FOUND"


async def test_an_order_of_the_world_is_taken_back(client: httpx.AsyncClient, world: World) -> None:
    """An order that earned before the service started is reversed like any other, and never beyond what is left."""
    membership_id, order_id = next(
        (id_, entry["orderId"])
        for id_, entries in world.ledger.items()
        for entry in entries
        if entry["type"] == "REVERSAL" and entry["points"]["value"].startswith("-")
    )
    member = Member(client, membership_id)
    of_order = [entry for entry in world.ledger[membership_id] if entry["orderId"] == order_id]
    left = sum(int(entry["points"]["value"]) for entry in of_order if entry["type"] in ("ACCRUAL", "REVERSAL"))
    available, _ = await member.balance()
    taken = await member.write(REVERSALS, back(world.orders[order_id]["total"]["amount"], order_id=order_id))
    assert taken["points"]["value"] == str(-left)
    assert (await member.balance())[0] == available - left
    assert taken not in world.ledger[membership_id]


async def test_a_pending_order_of_the_world_is_finalised(client: httpx.AsyncClient, world: World) -> None:
    """An order that was on its way when the service started can be finalised, and the world itself stays as it was."""
    membership_id, entry = next(
        (id_, entry) for id_, entries in world.ledger.items() for entry in entries if entry["status"] == "PENDING"
    )
    member = Member(client, membership_id)
    posted = await member.write(FINALISE, id_=entry["orderId"])
    assert (posted["id"], posted["status"], posted["points"]) == (entry["id"], "POSTED", entry["points"])
    assert entry["status"] == "PENDING"


async def test_entries_are_found_by_the_key_of_their_write(member: Member, client: httpx.AsyncClient) -> None:
    """Every key leads to what its write made or changed; a refused write and an unknown key lead nowhere."""
    accrued = await member.accrue("10.00")
    posted = await member.write(FINALISE, id_="web-1")
    taken = await member.write(REVERSALS, back("4.00"))
    await member.write(REVERSALS, back("4.00"))
    path = "/v1/ledger/by-reference"
    found = CONTRACT.judge(path, await client.post(path, json={"references": [*member.keys, "never"]}))
    entries = {item["reference"]: item["entry"] for item in found["items"]}
    assert entries == dict(zip(member.keys, [posted, posted, taken], strict=False))
    assert (posted["id"], posted["reference"], taken["reference"]) == (accrued["id"], member.keys[0], member.keys[2])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (ACCRUALS, {"membershipId": MEMBER, "orderId": "web-1", "basis": euros("-1")}),
        (ACCRUALS, {"membershipId": MEMBER, "orderId": "", "basis": euros("1")}),
        (REVERSALS, back("1", reference="")),
        (REVERSALS, back("-1")),
        (REVERSALS, back("1") | {"basis": {"amount": "1", "currencyCode": "USD"}}),
    ],
)
async def test_refuses_what_is_no_accrual(member: Member, path: str, body: dict[str, Any]) -> None:
    """Negative amounts, empty names and another currency than the accrual's are 422."""
    if path == REVERSALS:
        await member.accrue("10.00")
    assert (await member.write(path, body))["code"] == "INVALID_BODY"


async def test_a_balance_that_changes_is_told(world: World) -> None:
    """Listeners hear the new balance after each write, and of a capture only what it comes to."""
    told, now = Told(), datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    app = build_app("LOYALTY", loyalty.routes(world, lambda: now, told), STILL, lambda: now)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://loyalty") as client:
        member = Member(client)
        available, _ = await member.balance()
        points = {"value": "100", "currency": CURRENCY_ROW}
        held = await member.write("/v1/redemptions", {"membershipId": MEMBER, "points": points})
        await member.write("/v1/redemptions/{id}/capture", id_=held["id"])
        await member.write("/v1/redemptions/{id}/reverse", id_=held["id"])
        await client.post("/_sandbox/balances", json={"membershipId": MEMBER, "points": -50})
    balances = told.about("loyalty.balance.changed")
    assert {subject for subject, _ in balances} == {MEMBER}
    heard = [int(record["available"]["value"]) for _, record in balances]
    assert heard == [available - 100, available - 100, available, available - 50]


CENTS = st.integers(0, 5_000).map(lambda cents: Decimal(cents) / 100)


@settings(max_examples=200)
@given(st.integers(0, 400), CENTS, st.lists(st.tuples(CENTS, st.booleans()), max_size=8))
def test_shares_add_up(points: int, basis: Decimal, moves: list[tuple[Decimal, bool]]) -> None:
    """Whatever comes back in whichever parts, restored or not: no more is taken than was earned, and all of it with the
    whole basis."""
    account = Account(MEMBER, CURRENCY_ROW, Decimal(0), Decimal(0), Decimal(0), [])
    accrual = Accrual(account, {}, basis, "EUR", Decimal(points))
    for place, (part, restored) in enumerate(moves):
        share = accrual.share(part)
        accrual.reversals[str(place)] = Reversal(part, share)
        assert share >= 0
        assert 0 <= accrual.left <= points
        if restored:
            del accrual.reversals[str(place)]
    accrual.reversals["rest"] = Reversal(basis, accrual.share(basis))
    assert accrual.left == 0
