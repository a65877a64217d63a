"""What is projected: three kinds of record, each with its table, and the tables that say how far the reading went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, String, Table, Text

from domains.inventory import Location, StockKey, StockPosition
from domains.products import Product
from domains.vocabulary import LocationId, Sku

K = TypeVar("K")
T = TypeVar("T")

METADATA = MetaData()


@dataclass(frozen=True)
class Kind(Generic[K, T]):
    """One kind of record. `key_of` finds a record's key, `text_of` writes a key as the table has it, `columns` are the
    values a query needs beside the key."""

    name: str
    table: Table
    decode: Callable[[str], T]
    key_of: Callable[[T], K]
    text_of: Callable[[K], str]
    columns: Callable[[T], Mapping[str, Any]] = lambda _: {}


def _table(name: str, *more: Column[Any]) -> Table:
    return Table(
        f"projection_{name}",
        METADATA,
        Column("key", String, primary_key=True),
        *more,
        Column("sequence", BigInteger, nullable=False),
        # Kept although it is gone: a late update must find a higher sequence here, or it would bring it back.
        Column("removed", Boolean, nullable=False),
        Column("payload", Text, nullable=False),  # the canonical record as JSON, for people to read too
        Column("observed_at", Double, nullable=False),  # seconds since the epoch, by the source's clock
        Column("source", String, nullable=False),
        sqlite_with_rowid=False,
    )


products = _table("products")
locations = _table("locations", Column("ships", Boolean, nullable=False))
positions = _table("positions", Column("sku", String, nullable=False), Column("location_id", String))
Index("projection_positions_sku", positions.c.sku, positions.c.location_id)

refreshes = Table(
    "projection_refresh",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("as_of", Double),  # nothing in the table is older than this; null until it was read to the end once
    Column("full_at", Double),
    Column("finished_at", Double),
    Column("failures", Integer, nullable=False),  # since the last walk that ended well
    Column("failed_at", Double),
    Column("failure", String),
    # The walk under way, if `started_at` is there; its counts stay after it has ended.
    Column("started_at", Double),
    Column("is_full", Boolean),
    Column("changed_since", Double),
    Column("walk_as_of", Double),
    Column("cursor", String),
    Column("pages", Integer, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("news", BigInteger, nullable=False),
)

leases = Table(
    "projection_lease",
    METADATA,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("expires_at", Double, nullable=False),
)

schema = Table("projection_schema", METADATA, Column("version", Integer, primary_key=True))


def _shelf(key: StockKey) -> str:
    # JSON, because any character may stand in a sku.
    return msgspec.json.encode(key).decode()


PRODUCTS: Kind[Sku, Product] = Kind(
    "products", products, msgspec.json.Decoder(Product).decode, lambda product: product.sku, str
)
LOCATIONS: Kind[LocationId, Location] = Kind(
    "locations",
    locations,
    msgspec.json.Decoder(Location).decode,
    lambda location: location.id,
    str,
    lambda location: {"ships": location.ships},
)
POSITIONS: Kind[StockKey, StockPosition] = Kind(
    "positions",
    positions,
    msgspec.json.Decoder(StockPosition).decode,
    lambda position: StockKey(position.sku, position.location_id),
    _shelf,
    lambda position: {"sku": position.sku, "location_id": position.location_id},
)

KINDS: tuple[Kind[Any, Any], ...] = (LOCATIONS, PRODUCTS, POSITIONS)
"""In the order of reading: few before many, and the places before what lies in them."""
