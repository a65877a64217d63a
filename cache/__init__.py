"""The pantry: short-lived answers between a Fetch and whoever asks it.

Does not know what it keeps, nor from where it came."""

from cache.events import CacheEvent, CacheEventKind, CacheHook
from cache.freshness import FreshnessPolicy
from cache.loading import LoadLimits
from cache.pantry import Pantry, open_pantry
from cache.read_through import Cached
from cache.redis import RedisLimits, connect
from cache.witness import UNWITNESSED, Witness

__all__ = [
    "UNWITNESSED",
    "CacheEvent",
    "CacheEventKind",
    "CacheHook",
    "Cached",
    "FreshnessPolicy",
    "LoadLimits",
    "Pantry",
    "RedisLimits",
    "Witness",
    "connect",
    "open_pantry",
]
