"""Products, places and shelves carry valid numbers."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from domains.sandbox.world import World


def checks(number: str) -> bool:
    """GS1: digits weighted 1 and 3 from the right, check digit included, add up to a multiple of ten."""
    digits = [int(digit) for digit in reversed(number)]
    return len(digits) == 13 and sum(digits[0::2]) % 10 == -3 * sum(digits[1::2]) % 10


def test_gtins_and_glns_check(world: World) -> None:
    """Every GTIN and GLN has a correct check digit, and none comes twice."""
    numbers = [row["gtin"] for row in world.products.values()] + [row["gln"] for row in world.locations.values()]
    assert all(checks(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_products_are_told_apart(world: World) -> None:
    """No two products share a name, and each has a price above zero."""
    assert len({row["name"] for row in world.products.values()}) == len(world.products)
    assert all(Decimal(row["listPrice"]["amount"]) > 0 for row in world.products.values())


def test_places_are_in_europe(world: World) -> None:
    """Coordinates lie in Europe, time zones exist, and only distribution centres do not offer pickup."""
    for row in world.locations.values():
        assert 34 < row["position"]["latitude"] < 72
        assert -11 < row["position"]["longitude"] < 33
        assert ZoneInfo(row["timeZone"]).key == row["timeZone"]
        assert row["offersPickup"] == (row["type"] == "STORE")
    assert len({row["address"]["countryCode"] for row in world.locations.values()}) >= 8


def test_shelves_add_up(world: World) -> None:
    """What may be promised is what lies there less what is reserved and kept back, and never below zero."""
    counted = [row for row in world.stock.values() if "onHand" in row]
    assert len(counted) < len(world.stock)  # some numbers are unknown
    for row in counted:
        free = Decimal(row["onHand"]) - Decimal(row["reserved"]) - Decimal(row["safetyStock"])
        assert Decimal(row["availableToPromise"]) == max(free, 0)
        promised = [Decimal(promise["quantity"]) for promise in row.get("promises", ())]
        assert sum(promised) == Decimal(row.get("incoming", "0"))


def test_shelves_hold_what_open_orders_reserve(world: World) -> None:
    """The pieces of every open fulfilment are reserved on its shelf, and nothing else is."""
    wanted: dict[tuple[str, str], Decimal] = {}
    for order in world.orders.values():
        skus = {line["id"]: line["sku"] for line in order["lines"]}
        for part in order["fulfillments"]:
            if part["status"] in ("PENDING", "PROCESSING", "READY_FOR_PICKUP"):
                for item in part["lines"]:
                    shelf = (skus[item["lineId"]], part["locationId"])
                    wanted[shelf] = wanted.get(shelf, Decimal(0)) + Decimal(item["quantity"])
    held = {shelf: Decimal(row["reserved"]) for shelf, row in world.stock.items() if row.get("reserved", "0") != "0"}
    assert held == {shelf: quantity for shelf, quantity in wanted.items() if "onHand" in world.stock[shelf]}


def test_policies_differ(world: World) -> None:
    """There are final sales, products without a window, and fees, each on a few products."""
    rows = list(world.return_policies.values())
    assert 0 < sum(row["finalSale"] for row in rows) < len(rows) / 10
    assert 0 < sum(row["windowDays"] is None for row in rows) < len(rows) / 10
    assert 0 < sum(row["restockingFee"] is not None for row in rows) < len(rows) / 5


def test_the_showcase_is_in_stock(world: World) -> None:
    """SKU-00001 to SKU-00024 may be promised at the first three stores and by the network."""
    for number in range(1, 25):
        sku = f"SKU-{number:05d}"
        for place in ("store-001", "store-002", "store-003", "dc-001"):
            assert int(world.stock[sku, place]["availableToPromise"]) > 0
    assert world.stock["SKU-00025", "dc-001"]["discontinued"]
    assert world.stock["SKU-00026", "dc-001"]["promises"]
    assert "onHand" not in world.stock["SKU-00027", "dc-001"]
