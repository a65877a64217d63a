"""Orders, from an OMS."""

from domains.connectors.open.client import OpenClient
from domains.connectors.open.messages import Found, OrderAsk, OrderNumberAsk, OrderSearch, OrderSearchItem, Pages
from domains.orders import Order, OrderQuery, Orders
from domains.vocabulary import OrderId


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
