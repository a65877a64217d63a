"""The whole schema: every noun's fields, joined."""

from typing import Final

import strawberry
from strawberry.printer import print_schema
from strawberry.schema.config import StrawberryConfig

from resolvers.authorizing import ReturnMutation
from resolvers.customers import CustomerQuery
from resolvers.inventory import InventoryQuery
from resolvers.loyalty import LoyaltyQuery
from resolvers.nodes import NodeQuery
from resolvers.orders import OrderQuery
from resolvers.products import ProductQuery
from resolvers.promotions import PromotionQuery
from resolvers.reading import read
from resolvers.redeeming import LoyaltyMutation
from resolvers.returns import ReturnQuery
from resolvers.scalars import SCALARS

FEDERATION_VERSION: Final = "2.9"
"""The newest that every composer knows: @theguild/federation-composition 0.27 refuses a later one."""


@strawberry.type(description="Everything that can be asked.")
class Query(
    ProductQuery, InventoryQuery, CustomerQuery, LoyaltyQuery, PromotionQuery, OrderQuery, ReturnQuery, NodeQuery
):
    pass


@strawberry.type(description="Everything that can be changed.")
class Mutation(LoyaltyMutation, ReturnMutation):
    pass


def build_schema() -> strawberry.federation.Schema:
    """The federated schema, without extensions: the engine translates errors and keeps the limits."""
    return strawberry.federation.Schema(
        query=Query,
        mutation=Mutation,
        federation_version=FEDERATION_VERSION,
        config=StrawberryConfig(default_resolver=read, scalar_map=SCALARS, disable_field_suggestions=True),
    )


def print_sdl() -> str:
    """The schema with its federation directives, as `schema.graphql` holds it."""
    return print_schema(build_schema()) + "\n"
