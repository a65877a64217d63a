"""Finding anything again by its id: `node` for clients, `_entities` for a federating router."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Annotated

import strawberry
from strawberry.federation.schema import FederationAny

from domains.vocabulary import (
    CustomerId,
    InvalidInput,
    LocationId,
    MembershipId,
    OrderId,
    RedemptionId,
    ReturnId,
)
from resolvers.context import Info
from resolvers.customers import Customer, visible_customers
from resolvers.directives import ANYTHING, Degradation
from resolvers.exceptions import visible_exceptions
from resolvers.flows import visible_flows
from resolvers.identity import Node, named_type, native_id, sku_of
from resolvers.inventory import Location
from resolvers.loyalty import LoyaltyMembership, visible_memberships
from resolvers.marks import tagged
from resolvers.orders import Order, visible_orders
from resolvers.products import Product
from resolvers.reconciling import visible_reconciliations
from resolvers.redemption import visible_redemptions
from resolvers.reservation import visible_reservations
from resolvers.returns import ReturnAuthorization, visible_returns
from resolvers.roots import root_field

REFERENCES_MAX = 1_000

Find = Callable[[Info, Sequence[str]], Awaitable[Sequence[object]]]
"""Many native ids of one type in; a value, an exception or None for each, in order, out."""


async def _products(info: Info, ids: Sequence[str]) -> Sequence[object]:
    return await info.context.loaders.of(info.context.retail.products.by_sku).settle([sku_of(id_, "id") for id_ in ids])


async def _locations(info: Info, ids: Sequence[str]) -> Sequence[object]:
    return await info.context.loaders.of(info.context.retail.inventory.locations).settle([*map(LocationId, ids)])


async def _customers(info: Info, ids: Sequence[str]) -> Sequence[object]:
    return await visible_customers(info, [*map(CustomerId, ids)])


async def _memberships(info: Info, ids: Sequence[str]) -> Sequence[object]:
    return await visible_memberships(info, [*map(MembershipId, ids)])


async def _redemptions(info: Info, ids: Sequence[str]) -> Sequence[object]:
    return await visible_redemptions(info, [*map(RedemptionId, ids)])


async def _orders(info: Info, ids: Sequence[str]) -> Sequence[object]:
    return await visible_orders(info, [*map(OrderId, ids)])


async def _returns(info: Info, ids: Sequence[str]) -> Sequence[object]:
    return await visible_returns(info, [*map(ReturnId, ids)])


FINDS: Mapping[str, Find] = {
    "Product": _products,
    "Location": _locations,
    "Customer": _customers,
    "LoyaltyMembership": _memberships,
    "LoyaltyRedemption": _redemptions,
    "InventoryReservation": visible_reservations,
    "Order": _orders,
    "ReturnAuthorization": _returns,
    "Flow": visible_flows,
    "BusinessException": visible_exceptions,
    "Reconciliation": visible_reconciliations,
}

KEYS: Mapping[str, str] = {
    "Product": "sku",
    "Location": "id",
    "Customer": "id",
    "LoyaltyMembership": "id",
    "Order": "id",
    "ReturnAuthorization": "id",
}
"""The field by which a router names an entity."""

Entity = Annotated[
    Product | Location | Customer | LoyaltyMembership | Order | ReturnAuthorization,
    strawberry.union("_Entity", description="What a federating router may refer to."),
]


async def _node(
    info: Info,
    node_id: Annotated[
        strawberry.ID, strawberry.argument(name="id", description="A type, a colon and an id, such as Order:1042.")
    ],
) -> object:
    type_name, native = named_type(node_id, "id", among=_in_view(info, FINDS))
    (found,) = await FINDS[type_name](info, [native])
    return found


async def _entities(
    info: Info,
    representations: Annotated[
        list[FederationAny], strawberry.argument(description=f"The entities' types and keys, {REFERENCES_MAX} at most.")
    ],
) -> Sequence[object]:
    if len(representations) > REFERENCES_MAX:
        raise InvalidInput(f"Refer to at most {REFERENCES_MAX} entities at once.", ("representations",))
    among = _in_view(info, KEYS)
    values: list[object] = [_reference(given, place, among) for place, given in enumerate(representations)]
    places: dict[str, list[tuple[int, str]]] = {}
    for place, value in enumerate(values):
        if isinstance(value, tuple):
            type_name, native = value
            places.setdefault(type_name, []).append((place, native))
    # One question for each type, asked side by side.
    answers = await asyncio.gather(
        *(FINDS[type_name](info, [native for _, native in asked]) for type_name, asked in places.items())
    )
    for asked, found in zip(places.values(), answers, strict=True):
        for (place, _), value in zip(asked, found, strict=True):
            values[place] = value
    return values


def _in_view(info: Info, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the types that the caller's view of the schema holds: the others are not there, not even in words."""
    view = info._raw_info.schema  # noqa: SLF001 - the schema that is executed has no public name
    return tuple(name for name in names if view.get_type(name) is not None)


def _reference(given: object, place: int, among: Sequence[str]) -> tuple[str, str] | InvalidInput:
    """The type, of those `among`, and native id that a representation names, or what is wrong with it."""
    path = ("representations", place)
    type_name = given.get("__typename") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(type_name, str) or type_name not in among:
        return InvalidInput(f"A reference names one of {', '.join(among)} as its __typename.", (*path, "__typename"))
    key = KEYS[type_name]
    name = given.get(key)
    if not isinstance(name, str):
        return InvalidInput(f"A reference to {type_name} has its key, the string `{key}`.", (*path, key))
    try:
        native = sku_of(name, *path, key) if key == "sku" else native_id(type_name, name, *path, key)
    except InvalidInput as error:
        return error
    return type_name, native


@strawberry.type
class NodeQuery:
    node: object = root_field(
        _node,
        graphql_type=Node | None,
        description="Anything with an id; null when there is none, or it is not the caller's.",
        degrades=Degradation.LAST_KNOWN,
        served=ANYTHING,
        marks=tagged("lookup"),
    )
    entities: object = root_field(
        _entities,
        name="_entities",
        graphql_type=list[Entity | None],
        description="What a federating router refers to, in order; null where there is none.",
        degrades=Degradation.LAST_KNOWN,
        served=ANYTHING,
        marks=tagged("federation"),
    )
