"""Orders, returns and the books agree with each other."""

from datetime import datetime
from decimal import Decimal

from domains.sandbox.world import World

CANONICAL = {"NEW", "RELEASED", "FRAUD_CHECK", "PAYMENT_BLOCK", "PICKING", "AWAITING_COLLECTION", "PART_SHIPPED",
             "SHIPPED", "CLOSED", "POS_SALE", "CANCELLED"}  # fmt: skip
RETURN_STATES = {"REQUESTED", "AUTHORIZED", "DECLINED", "PARTIALLY_RECEIVED", "RECEIVED", "REFUND_PENDING", "REFUNDED",
                 "CANCELED", "CLOSED"}  # fmt: skip


def test_every_state_occurs(world: World) -> None:
    """Orders and returns are found in every state they can be in."""
    assert {row["facts"]["raw"] for row in world.orders.values()} == CANONICAL
    assert {row["status"] for row in world.returns.values()} == RETURN_STATES


def test_order_quantities_are_possible(world: World) -> None:
    """Nothing is handed over beyond what was ordered and kept, and nothing comes back that was not handed over."""
    for order in world.orders.values():
        for line in order["lines"]:
            ordered, fulfilled, canceled, returned = (
                int(line[name]) for name in ("ordered", "fulfilled", "canceled", "returned")
            )
            assert 0 <= returned <= fulfilled <= ordered - canceled <= ordered
            assert Decimal(line["total"]["amount"]) == ordered * Decimal(line["unitPrice"]["amount"])
        assert Decimal(order["total"]["amount"]) == sum(Decimal(line["total"]["amount"]) for line in order["lines"])


def test_fulfillments_cover_the_order(world: World) -> None:
    """The parts of an order hold its lines exactly once, and delivery says how many of them have left."""
    left = {"SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"}
    for order in world.orders.values():
        held = [item["lineId"] for part in order["fulfillments"] for item in part["lines"]]
        assert sorted(held) == sorted(line["id"] for line in order["lines"])
        gone = [part["status"] in left for part in order["fulfillments"]]
        assert order["facts"]["delivery"] == ("FULL" if all(gone) else "PARTIAL" if any(gone) else "NONE")


def test_parcels_can_be_followed(world: World) -> None:
    """Every parcel has a number and an address to follow it; its events are in order, and none is yet to come."""
    day = world.day.isoformat()[:19] + "Z"
    for order in world.orders.values():
        for part in order["fulfillments"]:
            for shipment in part["shipments"]:
                times = [order["placedAt"], *(event["occurredAt"] for event in shipment["events"]), day]
                assert times == sorted(times)
                assert shipment["events"][-1]["status"] == part["status"]
                if part["type"] == "SHIPPING":
                    assert shipment["trackingNumber"] in shipment["trackingUrl"]


def test_some_buyers_are_guests(world: World) -> None:
    """Guests have an email and a postal code but no customer id, and they are few."""
    guests = [row for row in world.orders.values() if row["customerId"] is None]
    assert 0 < len(guests) < len(world.orders) / 5
    assert all(row["email"] and row["postalCode"] for row in guests)


def test_returns_match_their_orders(world: World) -> None:
    """What came back on returns is what the orders' lines count as returned, and no more is open than was fulfilled."""
    back: dict[tuple[str, str], int] = {}
    for row in world.returns.values():
        assert world.orders[row["orderId"]]["customerId"] == row["customerId"]
        for line in row["lines"]:
            key = (row["orderId"], line["orderLineId"])
            back[key] = back.get(key, 0) + int(line["quantityReceived"])
            assert int(line["quantityReceived"]) <= int(line["quantityAuthorized"]) <= int(line["quantityRequested"])
    counted = {
        (order["id"], line["id"]): int(line["returned"])
        for order in world.orders.values()
        for line in order["lines"]
        if line["returned"] != "0"
    }
    assert counted == {key: pieces for key, pieces in back.items() if pieces}


def test_books_match_payments(world: World) -> None:
    """Invoices equal what was captured; credit memos equal what returns refunded; open orders have no documents."""
    for order_id, ledger in world.order_ledgers.items():
        payment = world.orders[order_id]["payment"]
        sums = dict.fromkeys(("INVOICE", "PAYMENT", "CREDIT_MEMO", "REFUND"), Decimal(0))
        for document in ledger["documents"]:
            sums[document["type"]] += Decimal(document["amount"]["amount"])
        captured = Decimal(payment["captured"]["amount"]) if "captured" in payment else Decimal(0)
        assert sums["INVOICE"] == sums["PAYMENT"] == captured
        assert sums["CREDIT_MEMO"] == sums["REFUND"] <= captured


def test_postings_are_in_every_state(world: World) -> None:
    """Some postings are posted, some queued, some failed, some not required; none is two of these."""
    rows = list(world.postings.values())
    assert any(not row["required"] for row in rows)
    assert any(row["failure"] for row in rows)
    assert any(row["required"] and not row["failure"] and not row["documentNumber"] for row in rows)
    for row in rows:
        assert (row["documentNumber"] is None) == (row["postedAt"] is None)
        assert not (row["failure"] and row["documentNumber"])


def test_anna_has_one_of_everything(world: World) -> None:
    """cust-00001 has an order to return, one too old, one return on its way, and orders in most states."""
    hers = [row for row in world.orders.values() if row["customerId"] == "cust-00001"]
    assert len(hers) >= 12
    assert len({row["facts"]["raw"] for row in hers}) >= 10
    ages = {
        row["id"]: (world.day - datetime.fromisoformat(row["placedAt"])).days
        for row in hers
        if row["facts"]["raw"] == "CLOSED"
    }
    assert ages["ord-000001"] < 14
    assert ages["ord-000002"] > 60
    assert world.returns["ret-000001"]["orderId"] == "ord-000003"
    assert world.returns["ret-000001"]["status"] == "AUTHORIZED"
