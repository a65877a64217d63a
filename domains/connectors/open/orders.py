"""Orders, from an OMS."""

from domains.connectors.open.client import OpenClient, segment
from domains.connectors.open.messages import (
    Found,
    Nothing,
    OrderAsk,
    OrderNumberAsk,
    OrderSearch,
    OrderSearchItem,
    Pages,
)
from domains.orders import Order, OrderDraft, OrderQuery, Orders, OrderWrites
from domains.vocabulary import IdempotencyKey, OrderId


def orders(client: OpenClient) -> Orders:
    return Orders(
        by_id=client.lookup(
            "orders",
            "/v1/orders/lookup",
            lambda ids: OrderAsk(order_ids=ids),
            Found[Order],
            lambda order: (order.id, order),
        ),
        by_number=client.lookup(
            "orders",
            "/v1/orders/by-number",
            lambda numbers: OrderNumberAsk(order_numbers=numbers),
            Found[Order],
            lambda order: (order.order_number, order),
        ),
        of_customer=client.search("orders", "/v1/orders/search", _search, Pages[Order]),
    )


# A capability of its own: steps that fail in the background do not close the lookups that people wait for.
def order_writes(client: OpenClient) -> OrderWrites:
    async def take(draft: OrderDraft, key: IdempotencyKey) -> Order:
        return await client.write("order-writes", "/v1/orders", draft, Order, key)

    async def cancel(id_: OrderId, key: IdempotencyKey) -> Order:
        return await client.write("order-writes", f"/v1/orders/{segment(id_)}/cancel", Nothing(), Order, key)

    return OrderWrites(take=take, cancel=cancel)


def _search(queries: tuple[OrderQuery, ...]) -> OrderSearch:
    return OrderSearch(
        queries=tuple(
            OrderSearchItem(
                customer_id=query.customer_id,
                first=query.first,
                after=None if query.after is None else OrderId(query.after),
                status=query.status,
            )
            for query in queries
        )
    )
