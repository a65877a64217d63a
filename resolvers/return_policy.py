"""On which terms a product may come back."""

import strawberry

from domains.returns import RefundType, ReturnMethod
from resolvers.vocabulary import Money


@strawberry.type(description="On which terms a product may come back.")
class ReturnPolicy:
    window_days: int | None = strawberry.field(description="For how many days after delivery; null without a limit.")
    methods: list[ReturnMethod] = strawberry.field(description="By which ways; none listed means by any.")
    refund_types: list[RefundType] = strawberry.field(description="What may be given for it; none listed means any.")
    restocking_fee: Money | None = strawberry.field(description="What is kept of the refund, once per item returned.")
    final_sale: bool = strawberry.field(description="Whether it may not come back at all.")
