"""A known way to every field that crosses a backend: what to ask, with ids of the seeded world.

No two systems' askings share what everybody may see (a product, a location): what one system's cells leave in a cache
must not help the next one's.
"""

from __future__ import annotations

from dataclasses import dataclass

from domains.vocabulary import ServingTier, SystemRole
from gateway.policies import KEPT
from gateway.schema import build_schema, served

SERVED = served(build_schema())
ERP, OMS, LOYALTY, CRM = SystemRole.ERP, SystemRole.OMS, SystemRole.LOYALTY, SystemRole.CRM

RESERVATION = "rsv-000001"
"""The only one: the seeded world has none, so the matrix makes it."""

_PRICE = '{amount: "10.00", currencyCode: "EUR"}'
_BASKET = f'{{currencyCode: "EUR", lines: [{{sku: "SKU-00011", quantity: "1", unitPrice: {_PRICE}}}]}}'
_STOCK = "status availableToPromise freshness { tier }"
_CUSTOMER = 'customer(id: "cust-00001")'
_ORDER = 'order(id: "ord-000003")'


@dataclass(frozen=True, slots=True)
class Asking:
    """One way to `field` ("Type.field") that makes it cross to `system`: a selection of the query type.

    `path` leads from the selection to the field's value, name by name; lists on the way are walked through. `through`
    names the read on that way that may be one which is never kept. `backed` says that all of the way can be answered
    from another system's books, read ahead of time, when nothing is kept.
    """

    field: str
    system: SystemRole
    selection: str
    path: str
    through: str = ""
    backed: bool = False

    @property
    def projected(self) -> bool:
        """Whether the system's part of the field is read ahead of time, so that its failing changes nothing."""
        lines = [line for line in SERVED[self.field] if self.system in line.systems]
        return bool(lines) and all(line.tier is ServingTier.PROJECTION for line in lines)

    @property
    def kept(self) -> bool:
        """Whether a cache may hold all that the way leads through."""
        return not self.through or self.through in KEPT

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.path.split("."))


ASKINGS: tuple[Asking, ...] = (
    Asking("Query.product", ERP, 'product(sku: "SKU-00001") { name freshness { tier } }', "product"),
    Asking("Query.products", ERP, 'products(skus: ["SKU-00001", "SKU-00002"]) { name freshness { tier } }', "products"),
    Asking("OrderLine.product", ERP, f"{_ORDER} {{ lines {{ product {{ name freshness {{ tier }} }} }} }}",
           "order.lines.product"),
    Asking("Customer.accountStatus", ERP, f"{_CUSTOMER} {{ accountStatus }}", "customer.accountStatus"),
    Asking("Order.erpPosting", ERP, f"{_ORDER} {{ erpPosting {{ state }} }}", "order.erpPosting"),
    Asking("Order.financialSummary", ERP, f"{_ORDER} {{ financialSummary {{ invoiced {{ amount }} }} }}",
           "order.financialSummary"),
    Asking("ReturnAuthorization.erpPosting", ERP,
           'order(id: "ord-000014") { returns { erpPosting { state } } }', "order.returns.erpPosting"),
    Asking("Query.node", ERP, 'node(id: "Product:SKU-00002") { ... on Product { name } }', "node"),
    Asking("Query._entities", ERP,
           '_entities(representations: [{__typename: "Product", sku: "SKU-00002"}]) { ... on Product { name } }',
           "_entities"),

    Asking("Query.location", OMS, 'location(id: "store-001") { name }', "location", backed=True),
    Asking("Query.locations", OMS, "locations(first: 3) { nodes { name } }", "locations", backed=True),
    Asking("Query.availability", OMS,
           f'availability(lines: [{{sku: "SKU-00011", quantity: "1"}}]) {{ sku best {{ {_STOCK} }} }}', "availability",
           backed=True),
    Asking("Product.availability", OMS,
           f'product(sku: "SKU-00012") {{ availability(locations: ["store-001", "store-002"]) {{ {_STOCK} }} }}',
           "product.availability", backed=True),
    Asking("Product.returnPolicy", OMS, 'product(sku: "SKU-00012") { returnPolicy { __typename } }',
           "product.returnPolicy"),
    Asking("Location.stock", OMS, f'location(id: "store-001") {{ stock(skus: ["SKU-00011"]) {{ {_STOCK} }} }}',
           "location.stock", backed=True),
    Asking("Availability.location", OMS,
           'product(sku: "SKU-00012") { availability(locations: ["store-002"]) { location { name } } }',
           "product.availability.location", backed=True),
    Asking("Customer.orders", OMS,
           f"{_CUSTOMER} {{ orders(first: 3) {{ nodes {{ orderNumber freshness {{ tier }} }} }} }}",
           "customer.orders"),
    Asking("Customer.returns", OMS, f"{_CUSTOMER} {{ returns {{ nodes {{ rmaNumber freshness {{ tier }} }} }} }}",
           "customer.returns"),
    Asking("LoyaltyLedgerEntry.order", OMS,
           f"{_CUSTOMER} {{ loyalty {{ ledger(first: 4) {{ nodes {{ order {{ orderNumber status }} }} }} }} }}",
           "customer.loyalty.ledger.nodes.order"),
    Asking("Query.order", OMS, f"{_ORDER} {{ orderNumber status freshness {{ tier }} }}", "order"),
    Asking("Query.orderByNumber", OMS, 'orderByNumber(orderNumber: "R100000014") { status freshness { tier } }',
           "orderByNumber"),
    Asking("Order.returns", OMS, f"{_ORDER} {{ returns {{ rmaNumber freshness {{ tier }} }} }}", "order.returns"),
    Asking("Order.returnableLines", OMS, f"{_ORDER} {{ returnableLines {{ quantity }} }}", "order.returnableLines"),
    Asking("Fulfillment.location", OMS, f"{_ORDER} {{ fulfillments {{ location {{ name }} }} }}",
           "order.fulfillments.location"),
    Asking("Query.returnAuthorization", OMS,
           'returnAuthorization(rmaNumber: "RMA-000001") { status freshness { tier } }', "returnAuthorization"),
    Asking("ReturnAuthorization.order", OMS,
           'returnAuthorization(id: "ret-000002") { order { orderNumber freshness { tier } } }',
           "returnAuthorization.order"),
    Asking("ReturnAuthorization.authorizedAt", OMS,
           'returnAuthorization(id: "ret-000006") { authorizedAt { name } }', "returnAuthorization.authorizedAt"),
    Asking("Query.node", OMS, 'node(id: "Order:ord-000003") { ... on Order { orderNumber } }', "node"),
    Asking("Query._entities", OMS,
           '_entities(representations: [{__typename: "Location", id: "store-003"}]) { ... on Location { name } }',
           "_entities", backed=True),
    Asking("InventoryReservationLine.location", OMS,
           f'node(id: "InventoryReservation:{RESERVATION}") {{'
           " ... on InventoryReservation { lines { location { name } } } }",
           "node.lines.location", through="inventory.reservations"),

    Asking("Query.loyaltyProgram", LOYALTY, "loyaltyProgram { name }", "loyaltyProgram"),
    Asking("Query.promotionEvaluation", LOYALTY,
           f"promotionEvaluation(basket: {_BASKET}) {{ ruleVersion freshness {{ tier }} }}", "promotionEvaluation",
           through="promotions.evaluate"),
    Asking("Query.loyaltyEarningForecast", LOYALTY, f"loyaltyEarningForecast(basket: {_BASKET}) {{ value }}",
           "loyaltyEarningForecast", through="promotions.forecast"),
    Asking("Customer.loyalty", LOYALTY, f"{_CUSTOMER} {{ loyalty {{ number }} }}", "customer.loyalty"),
    Asking("LoyaltyMembership.program", LOYALTY, f"{_CUSTOMER} {{ loyalty {{ program {{ name }} }} }}",
           "customer.loyalty.program"),
    Asking("LoyaltyMembership.balance", LOYALTY,
           f"{_CUSTOMER} {{ loyalty {{ balance {{ available {{ value }} freshness {{ tier }} }} }} }}",
           "customer.loyalty.balance"),
    Asking("LoyaltyMembership.ledger", LOYALTY,
           f"{_CUSTOMER} {{ loyalty {{ ledger(first: 3) {{ nodes {{ points {{ value }} }} }} }} }}",
           "customer.loyalty.ledger"),
    Asking("LoyaltyMembership.redemptions", LOYALTY,
           f"{_CUSTOMER} {{ loyalty {{ redemptions {{ nodes {{ state }} }} }} }}", "customer.loyalty.redemptions"),
    Asking("Order.loyalty", LOYALTY, f"{_ORDER} {{ loyalty {{ earned {{ value }} }} }}", "order.loyalty"),
    Asking("Query.node", LOYALTY,
           'node(id: "LoyaltyMembership:mem-00001") { ... on LoyaltyMembership { number } }', "node"),
    Asking("Query._entities", LOYALTY,
           '_entities(representations: [{__typename: "LoyaltyMembership", id: "mem-00001"}])'
           " { ... on LoyaltyMembership { number } }", "_entities"),

    Asking("Query.me", CRM, "me { displayName freshness { tier } }", "me"),
    Asking("Query.customer", CRM,
           'customer(email: "anna.keller.1@example.com") { displayName freshness { tier } }', "customer"),
    Asking("Order.customer", CRM, f"{_ORDER} {{ customer {{ displayName freshness {{ tier }} }} }}", "order.customer"),
    Asking("Query.node", CRM, 'node(id: "Customer:cust-00002") { ... on Customer { displayName } }', "node"),
    Asking("Query._entities", CRM,
           '_entities(representations: [{__typename: "Customer", id: "cust-00002"}]) { ... on Customer { email } }',
           "_entities"),
)  # fmt: skip

BYSTANDERS: dict[SystemRole, str] = {
    ERP: 'product(sku: "SKU-00090") { name listPrice { amount } }',
    OMS: 'location(id: "store-039") { name type }',
    LOYALTY: 'node(id: "LoyaltyMembership:mem-00003") { ... on LoyaltyMembership { number } }',
    CRM: 'customer(id: "cust-00003") { displayName }',
}
"""Asked beside a failing system: one thing of each other system, which must be what it always is."""


def askings_of(system: SystemRole) -> tuple[Asking, ...]:
    return tuple(asking for asking in ASKINGS if asking.system is system)


def alias(place: int) -> str:
    """The name under which the asking at `place` of its document stands in the answer."""
    return f"f{place}"


def requests_of(system: SystemRole) -> tuple[tuple[Asking, ...], ...]:
    """What is asked together: first all that may be kept, then what never is, which must not hold up the others."""
    asked = askings_of(system)
    parts = (tuple(one for one in asked if one.kept), tuple(one for one in asked if not one.kept))
    return tuple(part for part in parts if part)


def document(askings: tuple[Asking, ...]) -> str:
    """One query for askings of the same system, and its bystanders."""
    system = askings[0].system
    asked = [f"{alias(place)}: {asking.selection}" for place, asking in enumerate(askings)]
    beside = [f"{other.value.lower()}: {text}" for other, text in BYSTANDERS.items() if other is not system]
    return "{\n  " + "\n  ".join(asked + beside) + "\n}"


def reached(answer: object, asking: Asking, place: int) -> list[tuple[tuple[str | int, ...], object]]:
    """Each value that `asking` led to with its place in the answer; a null on the way stands for what is below it."""
    found: list[tuple[tuple[str | int, ...], object]] = [((), answer)]
    for name in (alias(place), *asking.names[1:]):
        found = [one for path, value in found for one in _members(path, value, name)]
    return [one for path, value in found for one in _items(path, value)]


def _members(path: tuple[str | int, ...], value: object, name: str) -> list[tuple[tuple[str | int, ...], object]]:
    return [
        ((*place, name), item[name]) if isinstance(item, dict) else (place, item) for place, item in _items(path, value)
    ]


def _items(path: tuple[str | int, ...], value: object) -> list[tuple[tuple[str | int, ...], object]]:
    if isinstance(value, list):
        return [one for index, item in enumerate(value) for one in _items((*path, index), item)]
    return [(path, value)]
