"""The whole schema: every noun's fields, joined."""

from typing import Final

import strawberry
from graphql import ASTValidationRule, GraphQLObjectType, GraphQLSchema
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from domains.vocabulary import SystemRole
from gateway.limits import Priced
from gateway.paths import Served
from resolvers.authorizing import ReturnMutation
from resolvers.canceling import CancellationMutation
from resolvers.customers import CustomerQuery
from resolvers.directives import (
    Degradation,
    MaxStaleRule,
    cost_of,
    degradation_of,
    list_size_of,
    max_stale,
    served_of,
)
from resolvers.exceptions import ExceptionMutation, ExceptionQuery
from resolvers.federation import FederationQuery, sdl_of
from resolvers.flows import FlowQuery
from resolvers.inventory import InventoryQuery
from resolvers.loyalty import LoyaltyQuery
from resolvers.nodes import NodeQuery
from resolvers.orders import OrderQuery
from resolvers.products import ProductQuery
from resolvers.promotions import PromotionQuery
from resolvers.reading import read
from resolvers.reconciling import ReconciliationQuery
from resolvers.redeeming import LoyaltyMutation
from resolvers.requesting import ReturnRequestMutation
from resolvers.reserving import ReservationMutation
from resolvers.returning import ReturningMutation
from resolvers.returns import ReturnQuery
from resolvers.scalars import SCALARS
from resolvers.submitting import SubmissionMutation
from resolvers.subscribing import Subscription

FEDERATION_VERSION: Final = "2.9"
"""The newest that every composer knows: @theguild/federation-composition 0.27 refuses a later one."""

RULES: Final[tuple[type[ASTValidationRule], ...]] = (MaxStaleRule,)
"""What a document must keep to beyond GraphQL's own rules."""


@strawberry.type(description="Everything that can be asked.")
class Query(
    ProductQuery,
    InventoryQuery,
    CustomerQuery,
    LoyaltyQuery,
    PromotionQuery,
    OrderQuery,
    ReturnQuery,
    FlowQuery,
    ExceptionQuery,
    ReconciliationQuery,
    NodeQuery,
    FederationQuery,
):
    pass


@strawberry.type(description="Everything that can be changed.")
class Mutation(
    LoyaltyMutation,
    ReservationMutation,
    SubmissionMutation,
    CancellationMutation,
    ReturnRequestMutation,
    ReturnMutation,
    ReturningMutation,
    ExceptionMutation,
):
    pass


class _Schema(strawberry.federation.Schema):
    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:
        """None for @maxStale: Strawberry would run its resolver, and the fields read it themselves."""
        return [] if self.directives == (max_stale,) and not self.extensions else super().get_extensions(sync)


def build_schema() -> strawberry.federation.Schema:
    """The federated schema, without extensions: the engine translates errors and keeps the limits."""
    return _Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        directives=[max_stale],  # type: ignore[list-item]  # Strawberry declares types and takes directives
        federation_version=FEDERATION_VERSION,
        config=StrawberryConfig(default_resolver=read, scalar_map=SCALARS, disable_field_suggestions=True),
    )


def served(schema: strawberry.Schema) -> dict[str, tuple[Served, ...]]:
    """The @servedFrom lines of each field that asks a system, by "Type.field"."""
    types = schema._schema.type_map.values()  # noqa: SLF001 - Strawberry has no other way to its GraphQL schema
    lines = {
        f"{type_.name}.{name}": served_of(field)
        for type_ in types
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
    }
    return {
        coordinate: tuple(Served(frozenset(SystemRole(one) for one in line.systems), line.tier) for line in said)
        for coordinate, said in lines.items()
        if said
    }


def priced(schema: strawberry.Schema) -> Priced:
    """What the schema says of the cost of fields, by "Type.field": its @cost and @listSize."""
    types = schema._schema.type_map.values()  # noqa: SLF001 - Strawberry has no other way to its GraphQL schema
    fields = {
        f"{type_.name}.{name}": field
        for type_ in types
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
    }
    return Priced(
        {coordinate: calls for coordinate, field in fields.items() if (calls := cost_of(field))},
        {coordinate: size for coordinate, field in fields.items() if (size := list_size_of(field)) is not None},
    )


def degradations() -> dict[str, Degradation]:
    """What each field that asks a system answers when that system fails, by "Type.field"."""
    types = build_schema()._schema.type_map.values()  # noqa: SLF001 - Strawberry has no other way to its GraphQL schema
    return {
        f"{type_.name}.{name}": degradation
        for type_ in types
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if (degradation := degradation_of(field)) is not None
    }


def print_sdl(schema: strawberry.Schema | None = None, view: GraphQLSchema | None = None) -> str:
    """`schema`, or the product's, with its federation directives, as `schema.graphql` holds it; or a `view` of it."""
    return sdl_of(schema or build_schema(), view) + "\n"
