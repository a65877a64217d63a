"""What the inventory slice asks of outside systems."""

from dataclasses import dataclass
from typing import Literal

from domains.inventory.model import Location, StockKey, StockPosition
from domains.vocabulary import Fetch, LocationId

Network = Literal["network"]
"""The one key of the list of all locations."""


@dataclass(frozen=True)
class Inventory:
    """Reads of locations and stock. `network` answers every location of the retailer, a few hundred at most."""

    locations: Fetch[LocationId, Location]
    network: Fetch[Network, tuple[Location, ...]]
    stock: Fetch[StockKey, StockPosition]
