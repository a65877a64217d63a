"""Products, and what may be said of them where they are shown."""

from collections.abc import Sequence
from typing import Annotated

import strawberry

from domains import products
from domains.products import checked_skus
from domains.vocabulary import Reading, Rows, UpstreamError
from resolvers.availability import (
    Availability,
    By,
    Locations,
    asked_locations,
    availability_of,
    list_or_failure,
)
from resolvers.batching import batch_field
from resolvers.context import Info
from resolvers.directives import ERP_PROJECTED, OMS_LIVE, OMS_OR_BOOKS, Degradation, ListSize
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import Node, node_id, sku_of
from resolvers.marks import tagged
from resolvers.return_policy import ReturnPolicy
from resolvers.roots import root_field
from resolvers.vocabulary import Money

Parents = list[Reading[products.Product]]


async def _availability(
    parents: Parents, info: Info, locations: Locations = None, fulfillment: By = None
) -> Sequence[object]:
    skus = [parent.value.sku for parent in parents]
    rows = await availability_of(info, skus, asked_locations(locations), fulfillment)
    return rows if isinstance(rows, Rows) else [list_or_failure(row) for row in rows]


async def _return_policy(parents: Parents, info: Info) -> Sequence[object]:
    policies = info.context.loaders.of(info.context.retail.returns.policies)
    return await policies.settle([parent.value.sku for parent in parents])


@strawberry.federation.type(keys=["sku"], description="One sellable item, apart from where it lies.")
class Product(Node):
    record = products.Product

    id: strawberry.ID = node_id("Product", "sku")
    sku: str = strawberry.field(description="The retailer's own key of the item.")
    gtin: str | None = strawberry.field(description="GS1 Global Trade Item Number, 8 to 14 digits.")
    name: str | None = strawberry.field(description="What it is called.")
    description: str | None = strawberry.field(description="What it is, in a few sentences.")
    category: str | None = strawberry.field(description="Where it stands in the assortment.")
    list_price: Money | None = strawberry.field(description="The price before any promotion.")
    tax_code: str | None = strawberry.field(description="How it is taxed, in the ERP's terms.")
    unit: str | None = strawberry.field(description="The unit its quantities count, UNECE Recommendation 20.")
    availability: object = batch_field(
        _availability,
        graphql_type=list[Availability | None] | None,
        description="What may be promised of it, one answer per location in order; null where nothing is known.",
        degrades=Degradation.CONSERVATIVE,
        served=(*OMS_OR_BOOKS, ListSize(assumed_size=1)),  # without locations: the network
        marks=tagged("stock"),
    )
    return_policy: object = batch_field(
        _return_policy,
        graphql_type=ReturnPolicy | None,
        description="On which terms it may come back.",
        degrades=Degradation.LAST_KNOWN,
        served=OMS_LIVE,
    )
    freshness: Freshness = freshness_field()


async def _product(
    info: Info, sku: Annotated[str, strawberry.argument(description="The product's SKU.")]
) -> Reading[products.Product] | None:
    return await info.context.loaders.of(info.context.retail.products.by_sku).load(sku_of(sku, "sku"))


async def _products(
    info: Info, skus: Annotated[list[str], strawberry.argument(description="The products' SKUs, 100 at most.")]
) -> Sequence[Reading[products.Product] | UpstreamError | None]:
    context = info.context
    return await context.loaders.of(context.retail.products.by_sku).row(checked_skus(skus))


@strawberry.type
class ProductQuery:
    product: object = root_field(
        _product,
        graphql_type=Product | None,
        description="One product, or null when there is none.",
        degrades=Degradation.LAST_KNOWN,
        served=ERP_PROJECTED,
        marks=tagged("catalog"),
    )
    products: object = root_field(
        _products,
        graphql_type=list[Product | None],
        description="Products in the order of their SKUs; null in the place of one that there is not.",
        degrades=Degradation.LAST_KNOWN,
        served=ERP_PROJECTED,
        marks=tagged("catalog"),
    )
