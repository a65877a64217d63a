"""What any vendor of a role must answer. `gateway` composes the slices' ports out of these."""

from dataclasses import dataclass

from domains.customers import Customer, CustomerAccount, CustomerKey, CustomerWrites
from domains.finance import Finance, FinanceWrites
from domains.inventory import Inventory, Location, StockPosition
from domains.loyalty import Holding, Loyalty, LoyaltyWrites, PointsMovements
from domains.orders import Orders, OrderWrites
from domains.products import Product
from domains.promotions import Promotions
from domains.returns import Returns
from domains.vocabulary import CustomerId, FeedPage, FeedQuery, Fetch


@dataclass(frozen=True)
class ErpPorts:
    """Master data and the books. `accounts` is the ERP's half of the customers port.

    The feeds are for a projection to be read ahead of time. Positions are book stock, one per product and location,
    and what the books know to be reserved of it.
    """

    accounts: Fetch[CustomerId, CustomerAccount]
    finance: Finance
    finance_writes: FinanceWrites
    product_feed: Fetch[FeedQuery, FeedPage[Product]]
    position_feed: Fetch[FeedQuery, FeedPage[StockPosition]]
    location_feed: Fetch[FeedQuery, FeedPage[Location]]


@dataclass(frozen=True)
class OmsPorts:
    """Stock, orders and returns."""

    inventory: Inventory
    orders: Orders
    order_writes: OrderWrites
    returns: Returns


@dataclass(frozen=True)
class LoyaltyPorts:
    """Points, and the promotions that the same engine evaluates.

    `holding` says how the engine holds points. One that does not keep the hold itself has `movements`, and of its
    `loyalty` nobody asks for redemptions. Raises ValueError without them.
    """

    loyalty: Loyalty
    loyalty_writes: LoyaltyWrites
    promotions: Promotions
    holding: Holding = Holding.NATIVE_LOCK
    movements: PointsMovements | None = None

    def __post_init__(self) -> None:
        if not self.holding.keeps_hold and self.movements is None:
            raise ValueError(f"an engine whose holds are {self.holding.value} takes and gives points by movements")


@dataclass(frozen=True)
class CrmPorts:
    """Profiles, and the ids behind other keys: the CRM's half of the customers port."""

    profiles: Fetch[CustomerId, Customer]
    identities: Fetch[CustomerKey, CustomerId]
    customer_writes: CustomerWrites
