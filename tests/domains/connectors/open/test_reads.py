"""Every read of every role, over recorded answers."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from domains.connectors.open import OpenSettings, connect_crm, connect_erp, connect_loyalty, connect_oms
from domains.customers import CustomerAccountStatus, CustomerKey
from domains.finance import PostingKey, PostingSubject
from domains.inventory import AvailabilitySemantics, ReservationState, StockKey
from domains.loyalty import LedgerQuery, RedemptionQuery, RedemptionState
from domains.orders import Lifecycle, OrderQuery, OrderStatus
from domains.promotions import Basket, BasketLine, EarningQuery
from domains.returns import ReturnMethod, ReturnQuery
from domains.vocabulary import (
    CustomerId,
    FreshnessTier,
    LocationId,
    MembershipId,
    Money,
    OrderId,
    Reading,
    RedemptionId,
    ReturnId,
    Sku,
    SystemRole,
)

AT = OpenSettings("http://service.test", token="s3cret")
AS_OF = 1772446530.0  # 2026-03-02T10:15:30Z
JACKET, SOCKS, GHOST = Sku("SKU-00001"), Sku("SKU-00002"), Sku("SKU-99999")
ADA, ORDER, MEMBER = CustomerId("cust-00001"), OrderId("ord-000001"), MembershipId("mem-00001")
BASKET = Basket(
    currency_code="EUR",
    lines=(
        BasketLine(sku=JACKET, quantity=Decimal(1), unit_price=Money(amount=Decimal("129.00"), currency_code="EUR")),
    ),
    codes=("OLD10",),
)


def values(found: Mapping[Any, Reading[Any]], source: str) -> dict[Any, Any]:
    """The values, once it is sure that each says where it is from and when it was true."""
    for reading in found.values():
        assert (reading.source, reading.tier, reading.observed_at) == (source, FreshnessTier.LIVE, AS_OF)
        assert reading.max_age_s > 0
    return {key: reading.value for key, reading in found.items()}


async def test_a_lookup(service: Callable[[SystemRole], Any]) -> None:
    """What is not found is absent, and what was not asked for does not get past the connector."""
    erp = service(SystemRole.ERP)
    other, ghost = CustomerId("cust-00003"), CustomerId("cust-99999")
    accounts = connect_erp(AT, erp.wire()).accounts
    assert values(await accounts(frozenset({ADA, ghost})), source="erp:open").keys() == {ADA}
    assert values(await accounts(frozenset({other})), source="erp:open").keys() == {other}
    assert set(erp.asked[0][1].customer_ids) == {ADA, ghost}
    assert erp.requests[0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(AT)


async def test_books(service: Callable[[SystemRole], Any]) -> None:
    """Accounts, ledgers and postings come from the ERP, each under its own key."""
    erp = connect_erp(AT, service(SystemRole.ERP).wire())
    accounts = values(await erp.accounts(frozenset({ADA, CustomerId("cust-00002")})), "erp:open")
    assert {key: account.status for key, account in accounts.items()} == {ADA: CustomerAccountStatus.CREDIT_HOLD}
    ledgers = values(await erp.finance.ledgers(frozenset({ORDER})), "erp:open")
    assert [document.number for document in ledgers[ORDER].documents] == ["90000001", "14000001"]
    sale, refund = PostingKey(PostingSubject.ORDER, ORDER), PostingKey(PostingSubject.RETURN, "ret-000001")
    postings = values(await erp.finance.postings(frozenset({sale, refund})), "erp:open")
    assert postings[sale].document_number == "0000004711"
    assert postings[refund].failure == "credit limit"


async def test_locations_and_stock(service: Callable[[SystemRole], Any]) -> None:
    """A shop's own stock and the network's are two keys; the whole network is one list."""
    oms = service(SystemRole.OMS)
    inventory = connect_oms(AT, oms.wire()).inventory
    munich = LocationId("store-001")
    assert values(await inventory.locations(frozenset({munich})), "oms:open")[munich].offers_pickup
    network = values(await inventory.network(frozenset({"network"})), "oms:open")["network"]
    assert [location.id for location in network] == ["store-001", "dc-001"]
    shop, everywhere, unknown = StockKey(JACKET, munich), StockKey(JACKET, None), StockKey(GHOST, munich)
    stock = values(await inventory.stock(frozenset({shop, everywhere, unknown})), "oms:open")
    assert stock.keys() == {shop, everywhere}
    assert stock[shop].on_hand == 4
    assert stock[everywhere].semantics is AvailabilitySemantics.AVAILABLE_TO_PROMISE
    assert oms.requests[1].method == "GET"


async def test_reservations(service: Callable[[SystemRole], Any]) -> None:
    """Reservations come back by id with their state; one that the OMS does not know is absent."""
    oms = service(SystemRole.OMS)
    found = values(
        await connect_oms(AT, oms.wire()).inventory.reservations(frozenset({"rsv-000001", "rsv-9"})), "oms:open"
    )
    assert {id_: one.state for id_, one in found.items()} == {"rsv-000001": ReservationState.EXPIRED}


async def test_orders(service: Callable[[SystemRole], Any]) -> None:
    """Orders are found by id and by number, and searched by customer with every part of the query."""
    oms = service(SystemRole.OMS)
    orders = connect_oms(AT, oms.wire()).orders
    by_id = values(await orders.by_id(frozenset({ORDER})), "oms:open")
    by_number = values(await orders.by_number(frozenset({"R100000001", "R1"})), "oms:open")
    assert by_id[ORDER] == by_number["R100000001"]
    assert by_id[ORDER].facts.lifecycle is Lifecycle.PROCESSING
    query = OrderQuery(ADA, 1, "ord-000009", OrderStatus.SHIPPED)
    page = values(await orders.of_customer(frozenset({query})), "oms:open")[query]
    assert page.has_next
    assert [order.id for order in page.items] == [ORDER]
    (asked,) = oms.asked[-1][1].queries
    assert (asked.customer_id, asked.first, asked.after, asked.status) == query


async def test_search_pages_keep_the_order_of_their_queries(service: Callable[[SystemRole], Any]) -> None:
    """Each of several queries gets the page that stands at its own place in the answer."""
    oms = service(SystemRole.OMS)
    order = oms.answers["/v1/orders/lookup"]["items"][0]
    oms.answers["/v1/orders/search"] = lambda ask: {
        "asOf": "2026-03-02T10:15:30Z",
        "pages": [{"items": [{**order, "customerId": query.customer_id}]} for query in ask.queries],
    }
    queries = frozenset(OrderQuery(CustomerId(f"cust-{n}"), 5) for n in range(20))
    found = await connect_oms(AT, oms.wire()).orders.of_customer(queries)
    assert found.keys() == queries
    assert all(reading.value.items[0].customer_id == query.customer_id for query, reading in found.items())


async def test_returns(service: Callable[[SystemRole], Any]) -> None:
    """Returns are found by id, RMA number, order and customer; an order without returns has an empty list."""
    returns = connect_oms(AT, service(SystemRole.OMS).wire()).returns
    rma, other = ReturnId("ret-000001"), OrderId("ord-000002")
    by_id = values(await returns.by_id(frozenset({rma})), "oms:open")
    assert values(await returns.by_rma(frozenset({"RMA-000001"})), "oms:open")["RMA-000001"] == by_id[rma]
    of_order = values(await returns.of_order(frozenset({ORDER, other})), "oms:open")
    assert of_order == {ORDER: (by_id[rma],), other: ()}
    query = ReturnQuery(ADA, 10, "ret-000002")
    page = values(await returns.of_customer(frozenset({query})), "oms:open")[query]
    assert page.items == (by_id[rma],)


async def test_what_the_returns_desk_needs(service: Callable[[SystemRole], Any]) -> None:
    """Policies come by SKU and sales by order."""
    returns = connect_oms(AT, service(SystemRole.OMS).wire()).returns
    policies = values(await returns.policies(frozenset({JACKET, SOCKS})), "oms:open")
    assert policies.keys() == {JACKET}
    assert policies[JACKET].methods == (ReturnMethod.RETURN_BY_MAIL, ReturnMethod.RETURN_IN_STORE)
    assert values(await returns.sales(frozenset({ORDER})), "oms:open")[ORDER].lines[0].open_returns == 1


async def test_programs_memberships_and_balances(service: Callable[[SystemRole], Any]) -> None:
    """A membership is found by its id and by its customer; one without a customer is nobody's."""
    loyalty = connect_loyalty(AT, service(SystemRole.LOYALTY).wire()).loyalty
    programs = values(await loyalty.programs(frozenset({"programs"})), "loyalty:open")["programs"]
    assert [program.id for program in programs] == ["prog-main"]
    by_id = values(await loyalty.by_id(frozenset({MEMBER})), "loyalty:open")
    assert values(await loyalty.by_customer(frozenset({ADA})), "loyalty:open") == {ADA: by_id[MEMBER]}
    balance = values(await loyalty.balances(frozenset({MEMBER})), "loyalty:open")[MEMBER]
    assert (balance.available.value, balance.held.value) == (1500, 500)


async def test_ledger_redemptions_and_order_points(service: Callable[[SystemRole], Any]) -> None:
    """Ledger and redemptions are paged per membership, points are found per order."""
    engine = service(SystemRole.LOYALTY)
    loyalty = connect_loyalty(AT, engine.wire()).loyalty
    entries = LedgerQuery(MEMBER, 1)
    assert values(await loyalty.ledger(frozenset({entries})), "loyalty:open")[entries].items[0].points.value == -500
    held = RedemptionQuery(MEMBER, 1, "red-000002", RedemptionState.HELD)
    page = values(await loyalty.redemptions_of(frozenset({held})), "loyalty:open")[held]
    (asked,) = engine.asked[-1][1].queries
    assert (asked.membership_id, asked.first, asked.after, asked.state) == held
    red = RedemptionId("red-000001")
    assert values(await loyalty.redemptions(frozenset({red})), "loyalty:open")[red] == page.items[0]
    points = values(await loyalty.order_points(frozenset({ORDER})), "loyalty:open")[ORDER]
    assert points.earned is not None
    assert points.earned.value == 141


async def test_promotions(service: Callable[[SystemRole], Any]) -> None:
    """Baskets key their own evaluations and forecasts."""
    promotions = connect_loyalty(AT, service(SystemRole.LOYALTY).wire()).promotions
    evaluation = values(await promotions.evaluate(frozenset({BASKET})), "loyalty:open")[BASKET]
    assert evaluation.rule_version == "v7"
    query = EarningQuery(BASKET, None)
    assert values(await promotions.forecast(frozenset({query})), "loyalty:open")[query].value == 129


async def test_customers(service: Callable[[SystemRole], Any]) -> None:
    """Profiles come by id; an email address or another system's key leads to the id behind it."""
    crm = connect_crm(AT, service(SystemRole.CRM).wire())
    assert values(await crm.profiles(frozenset({ADA})), "crm:open")[ADA].email == "ada@example.com"
    email, elsewhere = CustomerKey(None, "ada@example.com"), CustomerKey(SystemRole.ERP, "0000100009")
    assert values(await crm.identities(frozenset({email, elsewhere})), "crm:open") == {email: ADA}


async def test_no_keys_no_call(service: Callable[[SystemRole], Any]) -> None:
    """Asking for nothing costs nothing."""
    oms, engine = service(SystemRole.OMS), service(SystemRole.LOYALTY)
    ports, points = connect_oms(AT, oms.wire()), connect_loyalty(AT, engine.wire())
    assert await ports.inventory.stock(frozenset()) == {}
    assert await ports.inventory.network(frozenset()) == {}
    assert await ports.orders.of_customer(frozenset()) == {}
    assert await ports.returns.of_order(frozenset()) == {}
    assert await points.promotions.evaluate(frozenset()) == {}
    assert oms.asked == engine.asked == []
