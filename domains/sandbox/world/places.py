"""Locations: stores and distribution centres."""

from __future__ import annotations

from domains.sandbox.world.cities import DISTRIBUTION_CENTRES, STORES, City
from domains.sandbox.world.rows import Row, gs1_key

SHIP_FROM_STORE = 8
"""Every eighth store also sends parcels."""


def build_locations(stores: int, centres: int) -> dict[str, Row]:
    """Location rows by id: store-001 on, then dc-001 on. The tables hold 40 stores and 4 centres; more repeat them."""
    rows = {}
    for number in range(1, stores + 1):
        city = STORES[(number - 1) % len(STORES)]
        row = _row(f"store-{number:03d}", f"{city.name}, {city.street}", "STORE", city, 500_000 + number)
        row["ships"] = number % SHIP_FROM_STORE == 0
        row["offersPickup"] = True
        rows[row["id"]] = row
    for number in range(1, centres + 1):
        city = DISTRIBUTION_CENTRES[(number - 1) % len(DISTRIBUTION_CENTRES)]
        row = _row(f"dc-{number:03d}", f"Distribution centre {city.name}", "WAREHOUSE", city, 900_000 + number)
        row["ships"] = True
        row["offersPickup"] = False
        rows[row["id"]] = row
    return rows


def _row(id_: str, name: str, type_: str, city: City, number: int) -> Row:
    return {
        "id": id_,
        "gln": gs1_key(number),
        "name": name,
        "type": type_,
        "address": {
            "lines": [city.street],
            "city": city.name,
            "region": city.region,
            "postalCode": city.postal_code,
            "countryCode": city.country,
        },
        "position": {"latitude": city.latitude, "longitude": city.longitude},
        "timeZone": city.zone,
    }
