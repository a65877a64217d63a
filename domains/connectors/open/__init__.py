"""The open role contracts and the connector that speaks them, for in-house services.

Knows no vendor: a retailer implements the printed documents and needs no Python."""

from domains.connectors.open.client import OpenClient, OpenSettings
from domains.connectors.open.customers import accounts, customer_writes, identities, profiles
from domains.connectors.open.events import EVENT_TYPES, heard
from domains.connectors.open.feeds import location_feed, position_feed, product_feed
from domains.connectors.open.finance import finance, finance_writes
from domains.connectors.open.inventory import inventory
from domains.connectors.open.loyalty import loyalty, loyalty_writes, movements
from domains.connectors.open.orders import order_writes, orders
from domains.connectors.open.promotions import promotions
from domains.connectors.open.returns import returns
from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.loyalty import Holding
from domains.upstream import Wire
from domains.vocabulary import SystemRole

__all__ = [
    "EVENT_TYPES",
    "OpenSettings",
    "connect_crm",
    "connect_erp",
    "connect_loyalty",
    "connect_oms",
    "heard",
]


def connect_erp(settings: OpenSettings, wire: Wire) -> ErpPorts:
    """An ERP. Whoever made the wire closes it."""
    client = OpenClient(SystemRole.ERP, settings, wire)
    return ErpPorts(
        accounts=accounts(client),
        finance=finance(client),
        finance_writes=finance_writes(client),
        product_feed=product_feed(client),
        position_feed=position_feed(client),
        location_feed=location_feed(client),
    )


def connect_oms(settings: OpenSettings, wire: Wire) -> OmsPorts:
    """An order management system. Whoever made the wire closes it."""
    client = OpenClient(SystemRole.OMS, settings, wire)
    return OmsPorts(
        inventory=inventory(client),
        orders=orders(client),
        order_writes=order_writes(client),
        returns=returns(client),
    )


def connect_loyalty(settings: OpenSettings, wire: Wire, holding: Holding = Holding.NATIVE_LOCK) -> LoyaltyPorts:
    """A loyalty engine that holds points by `holding`. Whoever made the wire closes it."""
    client = OpenClient(SystemRole.LOYALTY, settings, wire)
    return LoyaltyPorts(
        loyalty=loyalty(client),
        loyalty_writes=loyalty_writes(client),
        promotions=promotions(client),
        holding=holding,
        movements=None if holding.keeps_hold else movements(client),
    )


def connect_crm(settings: OpenSettings, wire: Wire) -> CrmPorts:
    """A CRM. Whoever made the wire closes it."""
    client = OpenClient(SystemRole.CRM, settings, wire)
    return CrmPorts(profiles=profiles(client), identities=identities(client), customer_writes=customer_writes(client))
