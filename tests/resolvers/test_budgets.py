"""What a screen costs: upstream calls per document, whatever the length of its lists."""

from tests.resolvers.goods import order
from tests.resolvers.world import ADA, ASSOCIATE, World

PAGE = """
query Page($skus: [String!]!, $at: [ID!]) {
  products(skus: $skus) {
    sku name listPrice { amount currencyCode }
    availability(locations: $at) { status availableToPromise freshness { ageSeconds tier } }
  }
}
"""


async def test_a_page_of_24_products_at_3_locations_is_two_calls(world: World) -> None:
    """A page of 24 products with availability at 3 locations asks once for products, once for 72 stock positions."""
    skus = [f"SKU-{number:05}" for number in range(24)]
    data = await world.data(PAGE, skus=skus, at=["store-001", "Location:store-002", "store-003"])
    assert world.calls() == {"products.by_sku": 1, "inventory.stock": 1}
    assert len(world.fakes()["inventory.stock"].calls[0]) == 72
    assert [len(product["availability"]) for product in data["products"]] == [3] * 24


async def test_aliases_share_what_they_have_in_common(world: World) -> None:
    """Two aliases of availability at overlapping locations ask once, for each position once."""
    await world.data(
        """{ products(skus: ["SKU-1", "SKU-2"]) {
          here: availability(locations: ["store-001"]) { status }
          both: availability(locations: ["store-001", "store-002"]) { status } } }"""
    )
    assert world.calls() == {"products.by_sku": 1, "inventory.stock": 1}
    assert len(world.fakes()["inventory.stock"].calls[0]) == 4


async def test_the_locations_of_availability_are_one_call(world: World) -> None:
    """The location of every availability on a page is one more call."""
    skus = [f"SKU-{number}" for number in range(10)]
    document = PAGE.replace("status availableToPromise", "location { id name }")
    data = await world.data(document, skus=skus, at=["store-001", "store-002"])
    assert world.calls()["inventory.locations"] == 1
    assert data["products"][3]["availability"][1]["location"] == {"id": "Location:store-002", "name": "Store 2"}


async def test_an_account_page_asks_once_per_level(world: World) -> None:
    """A customer's orders with the products of all lines cost one call per level and system question."""
    await world.data(
        """{ me { displayName accountStatus loyalty { balance { available { value } } program { name } }
          orders(first: 3) { edges { node { orderNumber status
            lines { product { name availability { status } returnPolicy { windowDays } } }
            fulfillments { location { name } } erpPosting { state } financialSummary { invoiced { amount } }
            loyalty { earned { value } } returns { rmaNumber } } } } } }""",
        ADA,
    )
    assert world.calls() == dict.fromkeys(
        [
            "customers.by_id",
            "customers.accounts",
            "loyalty.by_customer",
            "loyalty.balances",
            "loyalty.programs",
            "loyalty.order_points",
            "orders.of_customer",
            "products.by_sku",
            "inventory.stock",
            "inventory.locations",
            "returns.policies",
            "returns.of_order",
            "finance.postings",
            "finance.ledgers",
        ],
        1,
    )
    assert len(world.fakes()["products.by_sku"].calls[0]) == 6


async def test_the_length_of_the_list_does_not_change_the_calls() -> None:
    """One order and forty orders cost the same number of calls."""
    document = """{ customer(id: "cust-00001") { orders(first: 40) { edges { node {
      customer { displayName } returnableLines { quantity line { sku product { name } } }
      returns { order { id } authorizedAt { name } } } } } } }"""
    short, long = World(orders_of_ada=[order(1)]), World(orders_of_ada=[order(number) for number in range(1, 41)])
    await short.data(document)
    await long.data(document)
    assert short.calls() == long.calls()
    assert max(long.calls().values()) == 1


async def test_a_field_that_is_not_asked_for_costs_nothing(world: World) -> None:
    """An order without its relations is one call to its own system."""
    await world.data('{ order(id: "ord-000001") { id status total { amount } lines { sku } } }', ASSOCIATE)
    assert world.calls() == {"orders.by_id": 1}
