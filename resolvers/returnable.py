"""What of an order may come back now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry.types.lazy_type import LazyType

from domains import orders, returns
from domains.returns import NonReturnableReason
from domains.vocabulary import Money as MoneyRecord
from domains.vocabulary import Reading, Sku, UpstreamError
from resolvers.context import Info
from resolvers.reading import Made
from resolvers.vocabulary import Money


@dataclass(frozen=True, slots=True)
class Judged:
    """An order line beside the verdict on it, which the returns slice gave without knowing orders."""

    line: orders.OrderLine
    quantity: Decimal
    until: datetime | None
    not_returnable: NonReturnableReason | None
    estimated_refund: MoneyRecord | None


def _line(parent: strawberry.Parent[Judged]) -> orders.OrderLine:
    return parent.line


@strawberry.type(description="The verdict on one line of an order: how much may come back until when, or why none may.")
class ReturnableLine:
    line: object = strawberry.field(
        resolver=_line, graphql_type=LazyType("OrderLine", "resolvers.orders"), description="The order line."
    )
    quantity: Decimal = strawberry.field(description="How much may come back now.")
    until: datetime | None = strawberry.field(description="Until when; null without a limit.")
    not_returnable: NonReturnableReason | None = strawberry.field(description="Why none may come back.")
    estimated_refund: Money | None = strawberry.field(description="What returning all of `quantity` would refund.")


async def returnable_lines_of(info: Info, judged: Sequence[orders.Order]) -> list[Made | UpstreamError | None]:
    """The verdicts on each order's lines, in the order of its lines; None when the returns desk knows no such sale."""
    port, loaders = info.context.retail.returns, info.context.loaders
    sales = await loaders.of(port.sales).settle([order.id for order in judged])
    skus = list({line.sku for sale in sales if isinstance(sale, Reading) for line in sale.value.lines})
    policies = dict(zip(skus, await loaders.of(port.policies).settle(skus), strict=True))
    return [
        _verdicts(order, sale, policies, loaders.now) if isinstance(sale, Reading) else sale
        for order, sale in zip(judged, sales, strict=True)
    ]


def _verdicts(
    order: orders.Order,
    sale: Reading[returns.Sale],
    policies: dict[Sku, Reading[returns.ReturnPolicy] | UpstreamError | None],
    now: datetime,
) -> Made | UpstreamError:
    """One policy that failed fails the order: a line without its policy would be called not returnable."""
    known: dict[Sku, Reading[returns.ReturnPolicy]] = {}
    for line in sale.value.lines:
        policy = policies[line.sku]
        if isinstance(policy, UpstreamError):
            return policy
        if policy is not None:
            known[line.sku] = policy
    terms = {sku: policy.value for sku, policy in known.items()}
    verdicts = {verdict.line_id: verdict for verdict in returns.returnable_lines(sale.value, terms, now)}
    lines = [
        Judged(line, verdict.quantity, verdict.until, verdict.not_returnable, verdict.estimated_refund)
        for line in order.lines
        if (verdict := verdicts.get(line.id)) is not None
    ]
    return Made(lines, (sale, *known.values()))
