"""The projection: products, prices, positions and places, read from the ERP ahead of time and answered without it.

Does not know which vendor it is read from, who asks, or what may be promised of the stock it holds."""

from gateway.projection.command import progress_bars, run_refresh, shown_on
from gateway.projection.events import apply
from gateway.projection.kinds import LOCATIONS, POSITIONS, PRODUCTS
from gateway.projection.pace import Pace, RefreshPolicy
from gateway.projection.reads import MaxAges, ProjectionReads, projection_reads
from gateway.projection.refresh import Feeds, Progress, Refresh
from gateway.projection.refresher import Refresher, Schedule
from gateway.projection.store import Origin, Store, open_store

__all__ = [
    "LOCATIONS",
    "POSITIONS",
    "PRODUCTS",
    "Feeds",
    "MaxAges",
    "Origin",
    "Pace",
    "Progress",
    "ProjectionReads",
    "Refresh",
    "RefreshPolicy",
    "Refresher",
    "Schedule",
    "Store",
    "apply",
    "open_store",
    "progress_bars",
    "projection_reads",
    "run_refresh",
    "shown_on",
]
