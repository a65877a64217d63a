"""The open role contracts and the connector that speaks them, for in-house services.

Knows no vendor: a retailer implements the printed documents and needs no Python."""

import httpx

from domains.connectors.open.client import OpenClient, OpenSettings
from domains.connectors.open.customers import accounts, identities, profiles
from domains.connectors.open.feeds import location_feed, position_feed, product_feed
from domains.connectors.open.finance import finance
from domains.connectors.open.inventory import inventory
from domains.connectors.open.loyalty import loyalty
from domains.connectors.open.orders import orders
from domains.connectors.open.products import products
from domains.connectors.open.promotions import promotions
from domains.connectors.open.returns import returns
from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.vocabulary import SystemRole

__all__ = ["OpenSettings", "connect_crm", "connect_erp", "connect_loyalty", "connect_oms"]


def connect_erp(settings: OpenSettings, wire: httpx.AsyncBaseTransport) -> ErpPorts:
    """An ERP. Whoever made the wire closes it."""
    client = OpenClient(SystemRole.ERP, settings, wire)
    return ErpPorts(
        products=products(client),
        accounts=accounts(client),
        finance=finance(client),
        product_feed=product_feed(client),
        position_feed=position_feed(client),
        location_feed=location_feed(client),
    )


def connect_oms(settings: OpenSettings, wire: httpx.AsyncBaseTransport) -> OmsPorts:
    """An order management system. Whoever made the wire closes it."""
    client = OpenClient(SystemRole.OMS, settings, wire)
    return OmsPorts(inventory=inventory(client), orders=orders(client), returns=returns(client))


def connect_loyalty(settings: OpenSettings, wire: httpx.AsyncBaseTransport) -> LoyaltyPorts:
    """A loyalty engine. Whoever made the wire closes it."""
    client = OpenClient(SystemRole.LOYALTY, settings, wire)
    return LoyaltyPorts(loyalty=loyalty(client), promotions=promotions(client))


def connect_crm(settings: OpenSettings, wire: httpx.AsyncBaseTransport) -> CrmPorts:
    """A CRM. Whoever made the wire closes it."""
    client = OpenClient(SystemRole.CRM, settings, wire)
    return CrmPorts(profiles=profiles(client), identities=identities(client))
