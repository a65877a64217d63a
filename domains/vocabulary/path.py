"""On whose time an operation is answered."""

import enum


class ServingPath(enum.Enum):
    """How long somebody waits, and for what. Decides which systems may be asked while they do."""

    CHECKOUT = "CHECKOUT"  # a shopper with a basket: never the ERP
    BROWSE = "BROWSE"  # a shopper looking around
    SERVICE = "SERVICE"  # an associate with a customer at the desk
    BACKOFFICE = "BACKOFFICE"  # operations and reports

    # As SystemRole has it: each call is counted by its path.
    __hash__ = object.__hash__


class ServingTier(enum.Enum):
    """From how far away an answer may come, nearest first."""

    MEMORY = "MEMORY"  # this process knows it
    CACHE = "CACHE"  # remembered from an earlier answer, never asked for
    PROJECTION = "PROJECTION"  # a copy that is kept ahead of time
    LIVE = "LIVE"  # the system itself is asked when no cache has it
