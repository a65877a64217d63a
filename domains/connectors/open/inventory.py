"""Locations, stock and reservations, from an OMS."""

from domains.connectors.open.client import OpenClient, segment
from domains.connectors.open.messages import Found, LocationAsk, Nothing, ReservationAsk, StockAsk, StockItem
from domains.inventory import (
    Inventory,
    InventoryReservation,
    Location,
    Network,
    ReservationDraft,
    StockKey,
    StockPosition,
)
from domains.vocabulary import IdempotencyKey

_NETWORK: Network = "network"


def inventory(client: OpenClient) -> Inventory:
    async def reserve(draft: ReservationDraft, key: IdempotencyKey) -> InventoryReservation:
        return await client.write("reservations", "/v1/reservations", draft, InventoryReservation, key)

    async def release(id_: str, key: IdempotencyKey) -> InventoryReservation:
        path = f"/v1/reservations/{segment(id_)}/release"
        return await client.write("reservations", path, Nothing(), InventoryReservation, key)

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
        reservations=client.lookup(
            "reservations",
            "/v1/reservations/lookup",
            lambda ids: ReservationAsk(reservation_ids=ids),
            Found[InventoryReservation],
            lambda reservation: (reservation.id, reservation),
        ),
        reserve=reserve,
        release=release,
    )


def _stock_ask(keys: tuple[StockKey, ...]) -> StockAsk:
    return StockAsk(keys=tuple(StockItem(sku=key.sku, location_id=key.location_id) for key in keys))
