"""Customers: who they are, and the doors from them to their points, orders and returns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.types.lazy_type import LazyType

from domains import customers
from domains.customers import (
    ConsentChannel,
    ConsentState,
    CustomerAccountStatus,
    CustomerKey,
    in_force,
    marketable,
    name_customer,
)
from domains.orders import OrderQuery, OrderStatus
from domains.returns import ReturnQuery
from domains.vocabulary import CustomerId, Reading
from resolvers.batching import batch_field
from resolvers.channel import orders_of_channel
from resolvers.context import Info
from resolvers.directives import CRM_LIVE, ERP_LIVE, LOYALTY_LIVE, OMS_LIVE, Cost, Degradation
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import Node, native_id, node_id
from resolvers.marks import Pii, PiiKind, scopes_needed, tagged
from resolvers.ownership import by_channel, may_see, serves
from resolvers.pagination import After, First, id_after, page_size, pages_of
from resolvers.reading import Made, by_record
from resolvers.roots import root_field
from resolvers.vocabulary import ExternalId, ExternalIdInput

Parents = list[Reading[customers.Customer]]


async def _loyalty(parents: Parents, info: Info) -> Sequence[object]:
    memberships = info.context.loaders.of(info.context.retail.loyalty.by_customer)
    return await memberships.settle([parent.value.id for parent in parents])


async def _orders(
    parents: Parents,
    info: Info,
    first: First = 10,
    after: After = None,
    status: Annotated[OrderStatus | None, strawberry.argument(description="Only orders that have come so far.")] = None,
) -> Sequence[object]:
    size, last_id = page_size(first), id_after("order", after)
    queries = [OrderQuery(parent.value.id, size, last_id, status) for parent in parents]
    if by_channel(info.context.caller):
        return await orders_of_channel(info, queries)
    found = await info.context.loaders.of(info.context.retail.orders.of_customer).settle(queries)
    return pages_of("order", found, after, lambda order: order.id)


async def _returns(parents: Parents, info: Info, first: First = 10, after: After = None) -> Sequence[object]:
    if by_channel(info.context.caller):
        return [None] * len(parents)  # a return does not say in which channel its order was placed; the order does
    size, last_id = page_size(first), id_after("return", after)
    returns = info.context.loaders.of(info.context.retail.returns.of_customer)
    found = await returns.settle([ReturnQuery(parent.value.id, size, last_id) for parent in parents])
    return pages_of("return", found, after, lambda authorization: authorization.id)


async def _account_status(parents: Parents, info: Info) -> Sequence[object]:
    accounts = info.context.loaders.of(info.context.retail.customers.accounts)
    found = await accounts.settle([parent.value.id for parent in parents])
    return [Made(account.value.status, (account,)) if isinstance(account, Reading) else account for account in found]


@by_record
def _consents(parent: strawberry.Parent[Reading[customers.Customer]]) -> Sequence[customers.Consent]:
    return in_force(parent.value.consents)


@by_record
def _segments(parent: strawberry.Parent[Reading[customers.Customer]]) -> Sequence[str] | None:
    return parent.value.segments if marketable(parent.value) else None


@strawberry.type(description="What a customer said of being reached one way for one purpose.")
class Consent:
    channel: ConsentChannel = strawberry.field(description="By which way.")
    purpose: str | None = strawberry.field(description="What for, such as marketing or service.")
    state: ConsentState = strawberry.field(description="What the customer said.")
    changed_at: datetime | None = strawberry.field(description="When they last said so.")


@strawberry.federation.type(keys=["id"], description="A person or organisation that buys.")
class Customer(Node):
    record = customers.Customer

    id: strawberry.ID = node_id("Customer")
    external_ids: list[ExternalId] | None = strawberry.field(description="The keys of other systems for this customer.")
    display_name: str | None = strawberry.field(description="How to address them.", directives=[Pii(kind=PiiKind.NAME)])
    email: str | None = strawberry.field(description="Email address.", directives=[Pii(kind=PiiKind.EMAIL)])
    phone: str | None = strawberry.field(description="Telephone number.", directives=[Pii(kind=PiiKind.PHONE)])
    segments: object = strawberry.field(
        resolver=_segments,
        graphql_type=list[str] | None,
        description="The groups that marketing counts them among; null, to everybody, without a consent to marketing.",
        directives=[Pii(kind=PiiKind.PROFILE)],
    )
    consents: object = strawberry.field(
        resolver=_consents,
        graphql_type=list[Consent] | None,
        description="What they allow now, one consent per channel and purpose.",
    )
    loyalty: object = batch_field(
        _loyalty,
        graphql_type=LazyType("LoyaltyMembership", "resolvers.loyalty") | None,
        description="Their membership of the loyalty program, if they have one.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
    )
    orders: object = batch_field(
        _orders,
        graphql_type=LazyType("OrderConnection", "resolvers.orders") | None,
        description="Their orders, newest first.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
    )
    returns: object = batch_field(
        _returns,
        graphql_type=LazyType("ReturnAuthorizationConnection", "resolvers.returns") | None,
        description="Their returns, newest first; null to partners, who see those of an order that is theirs to see.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
    )
    account_status: object = batch_field(
        _account_status,
        graphql_type=CustomerAccountStatus | None,
        description="Whether the books allow business with them.",
        degrades=Degradation.LAST_KNOWN,
        served=ERP_LIVE,
        marks=(*tagged("finance"), scopes_needed("finance:read")),
    )
    freshness: Freshness = freshness_field()


async def visible_customers(
    info: Info, ids: Sequence[CustomerId | None]
) -> Sequence[Reading[customers.Customer] | Exception | None]:
    """The customers of `ids`, None in the place of one whom the caller may not see."""
    caller = info.context.caller
    wanted = [id_ if id_ is not None and may_see(caller, id_) else None for id_ in ids]
    return await info.context.loaders.of(info.context.retail.customers.by_id).settle(wanted)


async def _customer(
    info: Info,
    customer_id: Annotated[strawberry.ID | None, strawberry.argument(name="id", description="By id.")] = None,
    email: Annotated[str | None, strawberry.argument(description="By email address.")] = None,
    external_id: Annotated[
        ExternalIdInput | None, strawberry.argument(description="By the key of another system.")
    ] = None,
) -> Reading[customers.Customer] | Exception | None:
    native = None if customer_id is None else native_id("Customer", customer_id, "id")
    name = name_customer(native, email, None if external_id is None else external_id.key())
    caller = info.context.caller
    if not serves(caller) and caller.customer_id is None:
        return None
    if isinstance(name, CustomerKey):
        resolved = await info.context.loaders.of(info.context.retail.customers.resolve).load(name)
        if resolved is None:
            return None
        name = resolved.value
    (found,) = await visible_customers(info, [name])
    return found


async def _me(info: Info) -> Reading[customers.Customer] | Exception | None:
    (found,) = await visible_customers(info, [info.context.caller.customer_id])
    return found


@strawberry.type
class CustomerQuery:
    me: object = root_field(
        _me,
        graphql_type=Customer | None,
        description="The customer who asks; null when it is none.",
        degrades=Degradation.LAST_KNOWN,
        served=CRM_LIVE,
        marks=tagged("account"),
    )
    customer: object = root_field(
        _customer,
        graphql_type=Customer | None,
        description="One customer, named in exactly one way. Customers see only themselves.",
        degrades=Degradation.LAST_KNOWN,
        served=(*CRM_LIVE, Cost(crm=2)),  # whose the address is, then the customer
        marks=tagged("account", "service"),
    )
