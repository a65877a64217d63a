"""What any vendor of a role must answer. `gateway` composes the slices' ports out of these."""

from dataclasses import dataclass

from domains.customers import Customer, CustomerAccount, CustomerKey
from domains.finance import Finance
from domains.inventory import Inventory, Location, StockPosition
from domains.loyalty import Loyalty
from domains.orders import Orders
from domains.products import Product, Products
from domains.promotions import Promotions
from domains.returns import Returns
from domains.vocabulary import CustomerId, FeedPage, FeedQuery, Fetch


@dataclass(frozen=True)
class ErpPorts:
    """Master data and the books. `accounts` is the ERP's half of the customers port.

    The feeds are for a projection to be read ahead of time. Positions are book stock, one per product and location.
    """

    products: Products
    accounts: Fetch[CustomerId, CustomerAccount]
    finance: Finance
    product_feed: Fetch[FeedQuery, FeedPage[Product]]
    position_feed: Fetch[FeedQuery, FeedPage[StockPosition]]
    location_feed: Fetch[FeedQuery, FeedPage[Location]]


@dataclass(frozen=True)
class OmsPorts:
    """Stock, orders and returns."""

    inventory: Inventory
    orders: Orders
    returns: Returns


@dataclass(frozen=True)
class LoyaltyPorts:
    """Points, and the promotions that the same engine evaluates."""

    loyalty: Loyalty
    promotions: Promotions


@dataclass(frozen=True)
class CrmPorts:
    """Profiles, and the ids behind other keys: the CRM's half of the customers port."""

    profiles: Fetch[CustomerId, Customer]
    identities: Fetch[CustomerKey, CustomerId]
