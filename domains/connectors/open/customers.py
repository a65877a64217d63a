"""Customers: accounts from an ERP, profiles and identities from a CRM."""

from domains.connectors.open.client import OpenClient
from domains.connectors.open.messages import CustomerAsk, CustomerKeyItem, Found, ResolveAsk, ResolvedCustomer
from domains.customers import Customer, CustomerAccount, CustomerKey, CustomerWrites, HistoryEntry, HistoryNote
from domains.vocabulary import CustomerId, Fetch, IdempotencyKey


def accounts(client: OpenClient) -> Fetch[CustomerId, CustomerAccount]:
    """Account status, by customer."""
    return client.lookup(
        "accounts",
        "/v1/accounts/lookup",
        lambda ids: CustomerAsk(customer_ids=ids),
        Found[CustomerAccount],
        lambda account: (account.customer_id, account),
    )


def profiles(client: OpenClient) -> Fetch[CustomerId, Customer]:
    """Profiles, by customer."""
    return client.lookup(
        "customers",
        "/v1/customers/lookup",
        lambda ids: CustomerAsk(customer_ids=ids),
        Found[Customer],
        lambda customer: (customer.id, customer),
    )


def identities(client: OpenClient) -> Fetch[CustomerKey, CustomerId]:
    """The customer id behind an email address or another system's key."""
    return client.lookup("identities", "/v1/customers/resolve", _resolve_ask, Found[ResolvedCustomer], _resolved)


def customer_writes(client: OpenClient) -> CustomerWrites:
    async def note(note: HistoryNote, key: IdempotencyKey) -> HistoryEntry:
        return await client.write("history", "/v1/history", note, HistoryEntry, key)

    return CustomerWrites(
        note=note,
        history=client.groups(
            "history",
            "/v1/history/lookup",
            lambda ids: CustomerAsk(customer_ids=ids),
            Found[HistoryEntry],
            lambda entry: entry.customer_id,
        ),
    )


def _resolve_ask(keys: tuple[CustomerKey, ...]) -> ResolveAsk:
    return ResolveAsk(keys=tuple(CustomerKeyItem(system=key.system, value=key.value) for key in keys))


def _resolved(item: ResolvedCustomer) -> tuple[CustomerKey, CustomerId]:
    return CustomerKey(item.system, item.value), item.customer_id
