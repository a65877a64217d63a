"""What can be watched: how a thing stands now, and again each time something happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import msgspec
import strawberry
from graphql import GraphQLError

from domains import loyalty, orders, returns
from domains.durable import Event
from domains.products import checked_skus
from domains.vocabulary import (
    FreshnessTier,
    LocationId,
    MembershipId,
    OrderId,
    Reading,
    ReturnId,
    Sku,
    UpstreamError,
    demanded_age_s,
    freshest_within,
)
from resolvers.availability import (
    Answer,
    Availability,
    By,
    Locations,
    asked_locations,
    availability_at,
    list_or_failure,
)
from resolvers.context import Info
from resolvers.directives import LOYALTY_LIVE, OMS_LIVE, OMS_OR_BOOKS, Degradation
from resolvers.identity import native_id, public_id
from resolvers.loyalty import LoyaltyBalance, visible_memberships
from resolvers.marks import tagged
from resolvers.orders import Order, visible_orders
from resolvers.returns import ReturnAuthorization, visible_returns
from resolvers.roots import root_field

T = TypeVar("T")

NOT_FOUND: Final = "NOT_FOUND"
ORDERS, RETURNS, BALANCES, STOCK = "retail.order", "retail.return", "retail.balance", "retail.stock"


class Topic(NamedTuple):
    """What can be followed: news of a `kind` ("retail.order", of any verb) about a `subject` ("Order:1042")."""

    kind: str
    subject: str


class Occasion:
    """Why a subscription is answered once more, and what its field has to say of it: the root value.

    Given: `changed`, what happened since the last answer, None for the first one; and `within_s`, how old that which
    is watched may be at most, None for as old as the caches have it. Said by the field: the `topics` to follow, once
    it is certain that the caller may; `gone`, when there is nothing left to see; `stands_in`, when a system failed,
    so that the answer is missing or older than what happened.
    """

    def __init__(self, changed: frozenset[Topic] | None = None, within_s: float | None = None) -> None:
        self.changed = changed
        self.within_s = within_s
        self.topics: frozenset[Topic] | None = None
        self.gone = False
        self.stands_in = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Reads inside see what happened, whatever caches remember, and what the field's own @maxStale asks for."""
        wanted = [age_s for age_s in (demanded_age_s(), self.within_s) if age_s is not None]
        with freshest_within(min(wanted, default=None)):
            yield

    def about(self, found: Reading[T] | UpstreamError | None, topic: Topic, what: str) -> Reading[T] | UpstreamError:
        """Follow `topic` if `found` is there to be seen. Raises GraphQLError (NOT_FOUND) when it is not."""
        if found is None:
            self.gone = True
            raise GraphQLError(f"There is no such {what}, or it is not yours.", extensions={"code": NOT_FOUND})
        self.stands_in = _stands_in(found)
        if isinstance(found, Reading):
            self.topics = frozenset({topic})
        return found


def topics_of(event: Event) -> tuple[Topic, ...]:
    """What an event of the news is news of. Stock is followed by product, and by product and place."""
    if event.subject is None:
        return ()
    kind = ".".join(event.type.split(".")[:2])
    topic = Topic(kind, event.subject)
    if kind != STOCK:
        return (topic,)
    return (topic, Topic(kind, f"{event.subject}@{_place(event)}"))


class _At(msgspec.Struct, rename="camel"):
    location_id: str | None = None


def _place(event: Event) -> str:
    """Where the stock is; empty for the whole network's, and where the event does not say."""
    try:
        return msgspec.json.decode(event.data, type=_At).location_id or ""
    except msgspec.DecodeError:
        return ""


def _stock_topics(sku: Sku, places: Iterable[LocationId | None]) -> frozenset[Topic]:
    subject = public_id("Product", sku)
    if None in places:
        return frozenset({Topic(STOCK, subject)})  # the network's figure is made of every place's
    return frozenset(Topic(STOCK, f"{subject}@{place}") for place in (*places, ""))


def _stands_in(found: object) -> bool:
    if isinstance(found, Reading):
        return found.tier is FreshnessTier.STALE_DEGRADED
    return isinstance(found, UpstreamError)


async def _availability(
    occasion: strawberry.Parent[Occasion],
    info: Info,
    skus: Annotated[list[str], strawberry.argument(description="Of which products, 100 at most.")],
    locations: Locations = None,
    fulfillment: By = None,
) -> list[Answer] | UpstreamError:
    places = asked_locations(locations)
    topics = {sku: _stock_topics(sku, places) for sku in checked_skus(skus)}
    changed = [sku for sku, its in topics.items() if occasion.changed is None or its & occasion.changed]
    with occasion.reading():
        rows = await availability_at(info, changed, places, fulfillment)
    answers = [answer for row in rows for answer in row]
    occasion.topics = frozenset().union(*topics.values())
    occasion.stands_in = any(_stands_in(answer) for answer in answers)
    return list_or_failure(answers)


async def _order(
    occasion: strawberry.Parent[Occasion],
    info: Info,
    order_id: Annotated[strawberry.ID, strawberry.argument(description="The order's id.")],
) -> Reading[orders.Order] | UpstreamError:
    id_ = OrderId(native_id("Order", order_id, "orderId"))
    with occasion.reading():
        (found,) = await visible_orders(info, [id_])
    return occasion.about(found, Topic(ORDERS, public_id("Order", id_)), "order")


async def _return(
    occasion: strawberry.Parent[Occasion],
    info: Info,
    return_id: Annotated[
        strawberry.ID, strawberry.argument(name="returnAuthorizationId", description="The return's id.")
    ],
) -> Reading[returns.ReturnAuthorization] | UpstreamError:
    id_ = ReturnId(native_id("ReturnAuthorization", return_id, "returnAuthorizationId"))
    with occasion.reading():
        (found,) = await visible_returns(info, [id_])
    return occasion.about(found, Topic(RETURNS, public_id("ReturnAuthorization", id_)), "return")


async def _balance(
    occasion: strawberry.Parent[Occasion],
    info: Info,
    membership_id: Annotated[strawberry.ID, strawberry.argument(description="The membership's id.")],
) -> Reading[loyalty.LoyaltyBalance] | UpstreamError:
    id_ = MembershipId(native_id("LoyaltyMembership", membership_id, "membershipId"))
    topic = Topic(BALANCES, public_id("LoyaltyMembership", id_))
    (membership,) = await visible_memberships(info, [id_])
    if not isinstance(membership, Reading):
        # Whose it is cannot be seen, so neither can be what it holds.
        refused: Any = membership
        return occasion.about(refused, topic, "membership")
    with occasion.reading():
        (found,) = await info.context.loaders.of(info.context.retail.loyalty.balances).settle([id_])
    return occasion.about(found, topic, "membership")


@strawberry.type(
    description="What can be watched. Each answers at once how it stands, and again when something happened to it: the "
    "event itself carries nothing. Over server-sent events, or a WebSocket of the subprotocol graphql-transport-ws."
)
class Subscription:
    """Resolved like queries, once per message and with an Occasion as the root value: the engine never asks
    graphql-core to `subscribe`, whose one context for all messages would answer them all out of the first one's
    loaders."""

    availability_changed: object = root_field(
        _availability,
        graphql_type=list[Availability | None] | None,
        description="What may be promised of products: first of all that are asked for, then of those whose stock "
        "changed, at each of the locations; null where nothing is known of one.",
        degrades=Degradation.CONSERVATIVE,
        served=OMS_OR_BOOKS,
        marks=tagged("stock"),
    )
    order_status_changed: object = root_field(
        _order,
        graphql_type=Order | None,
        description="An order, each time something happened to it. Refused when there is none, or it is not the "
        "caller's; null with an error while the order system fails.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
        marks=tagged("orders"),
    )
    return_status_changed: object = root_field(
        _return,
        graphql_type=ReturnAuthorization | None,
        description="A return, each time something happened to it. Refused when there is none, or it is not the "
        "caller's; null with an error while the order system fails.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
        marks=tagged("orders"),
    )
    loyalty_balance_changed: object = root_field(
        _balance,
        graphql_type=LoyaltyBalance | None,
        description="A membership's points, each time they moved. Refused when there is no such membership, or it is "
        "not the caller's; null with an error while the loyalty system fails.",
        degrades=Degradation.LAST_KNOWN,
        served=LOYALTY_LIVE,
        marks=tagged("account"),
    )
