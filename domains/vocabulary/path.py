"""On whose time an operation is answered."""

import enum


class ServingPath(enum.Enum):
    """How long somebody waits, and for what. Decides which systems may be asked while they do."""

    CHECKOUT = "CHECKOUT"  # a shopper with a basket: never the ERP
    BROWSE = "BROWSE"  # a shopper looking around
    SERVICE = "SERVICE"  # an associate with a customer at the desk
    BACKOFFICE = "BACKOFFICE"  # operations and reports
