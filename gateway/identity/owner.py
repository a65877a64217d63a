"""To whom private answers belong while a request is being answered."""

from contextvars import ContextVar

from gateway.identity.callers import ANONYMOUS
from resolvers.context import Caller

current_owner: ContextVar[str | None] = ContextVar("retailgraph_owner", default=None)
"""Set at the door, read by the pantry. None: nobody in particular, whose private answers are not kept."""


def owner_of(caller: Caller) -> str | None:
    """The name under which this caller's private answers are kept.

    A customer's own, whichever token they hold; another subject's own; None for callers who share a name.
    """
    if caller.customer_id is not None:
        return f"customer:{caller.customer_id}"
    return None if caller.subject == ANONYMOUS.subject else f"subject:{caller.subject}"
