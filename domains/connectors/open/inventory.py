"""Locations and stock, from an OMS."""

from domains.connectors.open.client import OpenClient
from domains.connectors.open.messages import Found, LocationAsk, StockAsk, StockItem
from domains.inventory import Inventory, Location, Network, StockKey, StockPosition

_NETWORK: Network = "network"


def inventory(client: OpenClient) -> Inventory:
    return Inventory(
        locations=client.lookup(
            "locations",
            "/v1/locations/lookup",
            lambda ids: LocationAsk(ids=ids),
            Found[Location],
            lambda location: (location.id, location),
        ),
        network=client.everything("locations", "/v1/locations", _NETWORK, Found[Location]),
        stock=client.lookup(
            "stock",
            "/v1/stock/lookup",
            _stock_ask,
            Found[StockPosition],
            lambda position: (StockKey(position.sku, position.location_id), position),
        ),
    )


def _stock_ask(keys: tuple[StockKey, ...]) -> StockAsk:
    return StockAsk(keys=tuple(StockItem(sku=key.sku, location_id=key.location_id) for key in keys))
