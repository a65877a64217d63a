"""Ledgers and postings, from an ERP."""

from domains.connectors.open.client import OpenClient, segment
from domains.connectors.open.messages import Found, Nothing, OrderAsk, PostingAsk, PostingItem
from domains.finance import (
    CreditMemo,
    Finance,
    FinanceWrites,
    GoodsReceipt,
    OrderLedger,
    PostingFacts,
    PostingKey,
    SalesDocument,
)
from domains.vocabulary import IdempotencyKey, OrderId, Record, ReturnId


def finance(client: OpenClient) -> Finance:
    return Finance(
        ledgers=client.lookup(
            "ledgers",
            "/v1/ledgers/lookup",
            lambda ids: OrderAsk(order_ids=ids),
            Found[OrderLedger],
            lambda ledger: (ledger.order_id, ledger),
        ),
        postings=client.lookup(
            "postings",
            "/v1/postings/lookup",
            _posting_ask,
            Found[PostingFacts],
            lambda facts: (PostingKey(facts.subject, facts.id), facts),
        ),
    )


def finance_writes(client: OpenClient) -> FinanceWrites:
    async def post(path: str, document: Record, key: IdempotencyKey) -> PostingFacts:
        return await client.write("posting-writes", path, document, PostingFacts, key)

    async def post_order(document: SalesDocument, key: IdempotencyKey) -> PostingFacts:
        return await post("/v1/sales-orders", document, key)

    async def reverse_order(id_: OrderId, key: IdempotencyKey) -> PostingFacts:
        return await post(f"/v1/sales-orders/{segment(id_)}/reverse", Nothing(), key)

    async def post_credit(document: CreditMemo, key: IdempotencyKey) -> PostingFacts:
        return await post("/v1/credit-memos", document, key)

    async def reverse_credit(id_: ReturnId, key: IdempotencyKey) -> PostingFacts:
        return await post(f"/v1/credit-memos/{segment(id_)}/reverse", Nothing(), key)

    async def post_goods(document: GoodsReceipt, key: IdempotencyKey) -> PostingFacts:
        return await post("/v1/goods-receipts", document, key)

    return FinanceWrites(
        post_order=post_order,
        reverse_order=reverse_order,
        post_credit=post_credit,
        reverse_credit=reverse_credit,
        post_goods=post_goods,
    )


def _posting_ask(keys: tuple[PostingKey, ...]) -> PostingAsk:
    return PostingAsk(keys=tuple(PostingItem(subject=key.subject, id=key.id) for key in keys))
