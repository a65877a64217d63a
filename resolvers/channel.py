"""The orders of a customer as a partner sees them: those of its channel, page by page."""

from collections.abc import Sequence
from typing import Final

from domains.orders import Order, OrderQuery
from domains.vocabulary import InvalidInput, Page, Reading, UpstreamError
from resolvers.context import Info
from resolvers.ownership import may_see_order
from resolvers.pagination import FIRST_MAX, paged
from resolvers.reading import Made, each

READS_MAX: Final = 10
"""Pages of the order system that one page may be gathered from, each of FIRST_MAX orders."""


async def orders_of_channel(info: Info, queries: Sequence[OrderQuery]) -> Sequence[Made | UpstreamError | None]:
    """A connection for each query, of orders alone that the caller may see; their places and cursors are in that list.

    No order system is asked by channel. So its list is read until a page is full: one that ended where the system's
    does would have to name the order that it ended with. Raises InvalidInput where too many stand in between.
    """
    # One after the other: a partner speaks for one customer at most, and who is named twice is read once.
    return [await _page(info, query) for query in queries]


async def _page(info: Info, query: OrderQuery) -> Made | UpstreamError | None:
    caller, load = info.context.caller, info.context.loaders.of(info.context.retail.orders.of_customer)
    read: list[Reading[Page[Order]]] = []
    shown: list[Reading[Order]] = []
    after = query.after
    while len(read) < READS_MAX:
        (found,) = await load.settle([query._replace(first=FIRST_MAX, after=after)])
        if not isinstance(found, Reading):
            return found
        read.append(found)
        page = found.value
        shown += each(found, [one for one in page.items if may_see_order(caller, one.customer_id, one.channel)])
        has_more = page.has_next and bool(page.items) and caller.channel is not None
        if len(shown) > query.first or not has_more:
            return Made(_first(shown, query, has_next=len(shown) > query.first), tuple(read))
        after = page.items[-1].id
    if len(shown) == query.first:  # what stands behind is asked with the next page
        return Made(_first(shown, query, has_next=True), tuple(read))
    said = f"More than {READS_MAX * FIRST_MAX} orders of other channels stand in between. Ask for one status at a time."
    raise InvalidInput(said, ("status",))


def _first(shown: Sequence[Reading[Order]], query: OrderQuery, *, has_next: bool) -> object:
    nodes = shown[: query.first]
    return paged(
        "order",
        [node.value.id for node in nodes],
        nodes,
        has_next=has_next,
        has_previous=query.after is not None,
    )
