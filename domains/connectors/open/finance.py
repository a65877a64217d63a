"""Ledgers and postings, from an ERP."""

from domains.connectors.open.client import OpenClient
from domains.connectors.open.messages import Found, OrderAsk, PostingAsk, PostingItem
from domains.finance import Finance, OrderLedger, PostingFacts, PostingKey


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


def _posting_ask(keys: tuple[PostingKey, ...]) -> PostingAsk:
    return PostingAsk(keys=tuple(PostingItem(subject=key.subject, id=key.id) for key in keys))
