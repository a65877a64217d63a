"""Returns, their policies and the sales behind them, from an OMS."""

from domains.connectors.open.client import OpenClient, segment
from domains.connectors.open.messages import (
    Decline,
    Found,
    Nothing,
    OrderAsk,
    Pages,
    Receipt,
    ReturnAsk,
    ReturnSearch,
    ReturnSearchItem,
    RmaAsk,
    SkuAsk,
)
from domains.returns import ReceivedLine, ReturnAuthorization, ReturnDraft, ReturnPolicy, ReturnQuery, Returns, Sale
from domains.vocabulary import Fetch, IdempotencyKey, OrderId, Record, ReturnId, Sku


def returns(client: OpenClient) -> Returns:
    writes = _Writes(client)
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
        policies=_policies(client),
        sales=_sales(client),
        record=writes.record,
        request=writes.request,
        approve=writes.approve,
        decline=writes.decline,
        receive=writes.receive,
        cancel=writes.cancel,
    )


def _policies(client: OpenClient) -> Fetch[Sku, ReturnPolicy]:
    return client.lookup(
        "return-policies",
        "/v1/return-policies/lookup",
        lambda skus: SkuAsk(skus=skus),
        Found[ReturnPolicy],
        lambda policy: (policy.sku, policy),
    )


def _sales(client: OpenClient) -> Fetch[OrderId, Sale]:
    return client.lookup(
        "sales",
        "/v1/sales/lookup",
        lambda ids: OrderAsk(order_ids=ids),
        Found[Sale],
        lambda sale: (sale.order_id, sale),
    )


class _Writes:
    def __init__(self, client: OpenClient) -> None:
        self._client = client

    async def record(self, draft: ReturnDraft, key: IdempotencyKey) -> ReturnAuthorization:
        return await self._write("/v1/returns", draft, key)

    async def request(self, draft: ReturnDraft, key: IdempotencyKey) -> ReturnAuthorization:
        return await self._write("/v1/returns/requests", draft, key)

    async def approve(self, id_: ReturnId, key: IdempotencyKey) -> ReturnAuthorization:
        return await self._move(id_, "approve", Nothing(), key)

    async def decline(self, id_: ReturnId, reason: str, key: IdempotencyKey) -> ReturnAuthorization:
        return await self._move(id_, "decline", Decline(reason=reason), key)

    async def receive(self, id_: ReturnId, lines: tuple[ReceivedLine, ...], key: IdempotencyKey) -> ReturnAuthorization:
        return await self._move(id_, "receive", Receipt(lines=lines), key)

    async def cancel(self, id_: ReturnId, key: IdempotencyKey) -> ReturnAuthorization:
        return await self._move(id_, "cancel", Nothing(), key)

    async def _move(self, id_: ReturnId, how: str, body: Record, key: IdempotencyKey) -> ReturnAuthorization:
        return await self._write(f"/v1/returns/{segment(id_)}/{how}", body, key)

    async def _write(self, path: str, body: Record, key: IdempotencyKey) -> ReturnAuthorization:
        return await self._client.write("returns", path, body, ReturnAuthorization, key)


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
