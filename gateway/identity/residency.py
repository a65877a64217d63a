"""Where the customers live whom a request may ask about: whose CRM is asked while it is answered."""

from contextvars import ContextVar
from dataclasses import dataclass

from resolvers.context import Caller
from resolvers.ownership import serves


@dataclass(frozen=True, slots=True)
class Residency:
    """The region whose CRM is asked, None for the one without a name of its own.

    With `everywhere` the other regions are asked about those whom that one does not know.
    """

    region: str | None = None
    everywhere: bool = False


HOUSE = Residency(everywhere=True)
"""Of the house itself, which does the steps of slow writes for everybody."""

residency: ContextVar[Residency] = ContextVar("retailgraph_residency", default=HOUSE)
"""Set at the door, read where a CRM is picked. Unset where nobody asks but the house."""


def residency_of(caller: Caller) -> Residency:
    """A caller's own region and no other. Those who serve customers and are bound to none look everywhere."""
    return Residency(caller.region, everywhere=caller.region is None and serves(caller))
