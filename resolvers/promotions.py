"""What a basket costs less, and what it would earn."""

from decimal import Decimal
from typing import Annotated

import strawberry

from domains import promotions, vocabulary
from domains.promotions import EarningQuery, PromotionRejectionReason
from domains.vocabulary import (
    CurrencyMismatch,
    CustomerId,
    FulfillmentType,
    LocationId,
    MembershipId,
    Reading,
    Sku,
    SystemRole,
    UpstreamGarbled,
)
from resolvers.context import Info
from resolvers.directives import LOYALTY_LIVE, Degradation
from resolvers.freshness import Freshness, freshness_field
from resolvers.identity import name_of, native_id
from resolvers.marks import tagged
from resolvers.reading import instead
from resolvers.roots import root_field
from resolvers.scalars import CurrencyCode
from resolvers.vocabulary import Money, MoneyInput, PointsAmount


@strawberry.type(description="One discount, on one product or on the whole basket.")
class PromotionLine:
    sku: str | None = strawberry.field(description="The product; null for the whole basket.")
    promotion_id: strawberry.ID = strawberry.field(description="The promotion's own id.")
    name: str = strawberry.field(description="What customers call it.")
    discount: Money = strawberry.field(description="Money off: a positive amount.")
    funded_by: str | None = strawberry.field(description="Who pays for it, when it is not the retailer.")


@strawberry.type(description="A code that has no effect.")
class PromotionRejection:
    code: str = strawberry.field(description="The code.")
    reason: PromotionRejectionReason = strawberry.field(description="Why it has none.")


@strawberry.type(description="What a promotion engine makes of a basket.")
class PromotionEvaluation:
    lines: list[PromotionLine] = strawberry.field(description="The discounts.")
    total: Money | None = strawberry.field(description="The sum of the discounts.")
    rejected: list[PromotionRejection] = strawberry.field(description="The codes that have no effect.")
    rule_version: str | None = strawberry.field(description="Names the rules that were applied.")
    freshness: Freshness = freshness_field()


@strawberry.input(description="One product of a basket.")
class BasketLineInput:
    sku: str = strawberry.field(description="The product.")
    quantity: Decimal = strawberry.field(description="How much of it, in its own unit: more than 0.")
    unit_price: MoneyInput = strawberry.field(description="What one costs before promotions, in the basket's currency.")


@strawberry.input(description="What a customer is about to buy, at the channel's own prices, before promotions.")
class BasketInput:
    currency_code: CurrencyCode = strawberry.field(description="The currency of every price.")
    lines: list[BasketLineInput] = strawberry.field(description="The products: 1 to 100 lines.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Who buys.")
    codes: list[str] | None = strawberry.field(default=None, description="The codes they gave, 20 at most.")
    location_id: strawberry.ID | None = strawberry.field(default=None, description="Where they buy.")
    fulfillment: FulfillmentType | None = strawberry.field(default=None, description="How the goods reach them.")
    channel: str | None = strawberry.field(default=None, description="The sales channel.")


Given = Annotated[BasketInput, strawberry.argument(description="The basket.")]


def _basket(given: BasketInput) -> promotions.Basket:
    """The basket that an engine is asked about. Raises InvalidInput."""
    customer = given.customer_id and native_id("Customer", given.customer_id, "basket", "customerId")
    location = given.location_id and native_id("Location", given.location_id, "basket", "locationId")
    basket = promotions.Basket(
        currency_code=given.currency_code,
        lines=tuple(
            promotions.BasketLine(sku=Sku(line.sku), quantity=line.quantity, unit_price=line.unit_price.money())
            for line in given.lines
        ),
        customer_id=None if customer is None else CustomerId(customer),
        codes=tuple(given.codes or ()),
        location_id=None if location is None else LocationId(location),
        fulfillment=given.fulfillment,
        channel=None if given.channel is None else name_of(given.channel, "basket", "channel"),
    )
    return promotions.checked(basket)


async def _evaluation(info: Info, basket: Given) -> Reading[promotions.PromotionEvaluation] | None:
    asked = _basket(basket)
    found = await info.context.loaders.of(info.context.retail.promotions.evaluate).load(asked)
    if found is None:
        return None
    try:
        return instead(found, promotions.settle(asked, found.value))
    except (CurrencyMismatch, ArithmeticError) as unsound:
        raise UpstreamGarbled(SystemRole.LOYALTY, "promotions", str(unsound)) from unsound


async def _forecast(
    info: Info,
    basket: Given,
    membership_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="For which member; without one, for a new member.")
    ] = None,
) -> Reading[vocabulary.PointsAmount] | None:
    member = None if membership_id is None else native_id("LoyaltyMembership", membership_id, "membershipId")
    query = EarningQuery(_basket(basket), None if member is None else MembershipId(member))
    return await info.context.loaders.of(info.context.retail.promotions.forecast).load(query)


@strawberry.type
class PromotionQuery:
    promotion_evaluation: object = root_field(
        _evaluation,
        graphql_type=PromotionEvaluation | None,
        description="What a basket costs less, as the promotion engine has it.",
        degrades=Degradation.NULL,
        served=LOYALTY_LIVE,
        marks=tagged("checkout"),
    )
    loyalty_earning_forecast: object = root_field(
        _forecast,
        graphql_type=PointsAmount | None,
        description="What a basket would earn in points.",
        degrades=Degradation.NULL,
        served=LOYALTY_LIVE,
        marks=tagged("account"),
    )
