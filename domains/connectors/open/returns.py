"""Returns, their policies and the sales behind them, from an OMS."""

from domains.connectors.open.client import OpenClient
from domains.connectors.open.messages import (
    Found,
    OrderAsk,
    Pages,
    ReturnAsk,
    ReturnSearch,
    ReturnSearchItem,
    RmaAsk,
    SkuAsk,
)
from domains.returns import ReturnAuthorization, ReturnDraft, ReturnPolicy, ReturnQuery, Returns, Sale
from domains.vocabulary import IdempotencyKey, ReturnId


def returns(client: OpenClient) -> Returns:
    async def record(draft: ReturnDraft, key: IdempotencyKey) -> ReturnAuthorization:
        return await client.write("returns", "/v1/returns", draft, ReturnAuthorization, key)

    return Returns(
        by_id=client.lookup(
            "returns",
            "/v1/returns/lookup",
            lambda ids: ReturnAsk(return_ids=ids),
            Found[ReturnAuthorization],
            lambda rma: (rma.id, rma),
        ),
        by_rma=client.lookup(
            "returns",
            "/v1/returns/by-rma",
            lambda numbers: RmaAsk(rma_numbers=numbers),
            Found[ReturnAuthorization],
            lambda rma: (rma.rma_number, rma),
        ),
        of_order=client.groups(
            "returns",
            "/v1/returns/of-orders",
            lambda ids: OrderAsk(order_ids=ids),
            Found[ReturnAuthorization],
            lambda rma: rma.order_id,
        ),
        of_customer=client.search("returns", "/v1/returns/search", _search, Pages[ReturnAuthorization]),
        policies=client.lookup(
            "return-policies",
            "/v1/return-policies/lookup",
            lambda skus: SkuAsk(skus=skus),
            Found[ReturnPolicy],
            lambda policy: (policy.sku, policy),
        ),
        sales=client.lookup(
            "sales",
            "/v1/sales/lookup",
            lambda ids: OrderAsk(order_ids=ids),
            Found[Sale],
            lambda sale: (sale.order_id, sale),
        ),
        record=record,
    )


def _search(queries: tuple[ReturnQuery, ...]) -> ReturnSearch:
    return ReturnSearch(
        queries=tuple(
            ReturnSearchItem(
                customer_id=query.customer_id,
                first=query.first,
                after=None if query.after is None else ReturnId(query.after),
            )
            for query in queries
        )
    )
