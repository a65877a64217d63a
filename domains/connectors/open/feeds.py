"""Everything an ERP keeps of a kind, page by page, for a projection."""

from domains.connectors.open.client import OpenClient
from domains.connectors.open.messages import Feed
from domains.inventory import Location, StockPosition
from domains.products import Product
from domains.vocabulary import FeedPage, FeedQuery, Fetch

# Capabilities of their own: a refresh that fails does not close the lookups that people wait for.


def product_feed(client: OpenClient) -> Fetch[FeedQuery, FeedPage[Product]]:
    return client.feed("product-feed", "/v1/products/pages", Feed[Product])


def position_feed(client: OpenClient) -> Fetch[FeedQuery, FeedPage[StockPosition]]:
    """Book stock, one position per product and location."""
    return client.feed("position-feed", "/v1/positions/pages", Feed[StockPosition])


def location_feed(client: OpenClient) -> Fetch[FeedQuery, FeedPage[Location]]:
    return client.feed("location-feed", "/v1/locations/pages", Feed[Location])
