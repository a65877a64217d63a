"""What is told of a system that answers in another currency than it was asked about, or with what is no amount."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from domains.finance import FinancialDocument, FinancialDocumentType, OrderLedger
from domains.orders import PaymentFacts
from domains.promotions import PromotionEvaluation, PromotionLine
from domains.vocabulary import Money, OrderId, PromotionId
from gateway.engine import Answer
from tests.resolvers.goods import euros, order
from tests.resolvers.test_promotions import basket
from tests.resolvers.world import ADA, World

YEN = Money(amount=Decimal(2500), currency_code="JPY")
NOTHING = Money(amount=Decimal("NaN"), currency_code="EUR")
STRANGE = pytest.mark.parametrize("amount", [YEN, NOTHING], ids=["yen", "no number"])


def told(answer: Answer) -> list[tuple[object, ...]]:
    """What failed, where it did, and whose fault that is."""
    errors: list[Any] = list(answer.errors)
    return [
        (
            ".".join(map(str, error["path"])),
            *(error["extensions"].get(name) for name in ("code", "system", "capability")),
        )
        for error in errors
    ]


@STRANGE
async def test_discounts_in_another_currency_are_the_engines_fault(world: World, amount: Money) -> None:
    """An engine that takes yen off a basket of euros has answered what cannot be read."""
    line = PromotionLine(promotion_id=PromotionId("promo-1"), name="Spring", discount=amount)
    world.fakes()["promotions.evaluate"].answers = lambda _: PromotionEvaluation(lines=(line,))
    asked = "query($basket: BasketInput!) { promotionEvaluation(basket: $basket) { ruleVersion } }"
    answer = await world.ask(asked, basket=basket())
    assert told(answer) == [("promotionEvaluation", "UPSTREAM_GARBLED", "LOYALTY", "promotions")]


async def test_books_in_two_currencies_spoil_one_order_alone(world: World) -> None:
    """Of a ledger with a document in another currency there is no sum; the next order has its own."""

    def ledger(id_: OrderId) -> OrderLedger:
        amount = YEN if id_ == "ord-000001" else euros("25.00")
        document = FinancialDocument(type=FinancialDocumentType.PAYMENT, number="90001", amount=amount)
        return OrderLedger(order_id=id_, currency_code="EUR", documents=(document,))

    world.fakes()["finance.ledgers"].answers = ledger
    answer = await world.ask("{ me { orders(first: 2) { nodes { financialSummary { paid { amount } } } } } }", ADA)
    assert told(answer) == [("me.orders.nodes.0.financialSummary", "UPSTREAM_GARBLED", "ERP", "ledgers")]
    nodes: Any = answer.data
    assert nodes["me"]["orders"]["nodes"][1] == {"financialSummary": {"paid": {"amount": "25.00"}}}


@STRANGE
async def test_payment_in_another_currency_is_the_order_systems_fault(world: World, amount: Money) -> None:
    """Whether yen cover a total of euros nobody can say; all else of the order is told."""
    strange = replace(order(1), payment=PaymentFacts(captured=amount))
    world.fakes()["orders.by_id"].answers = {strange.id: strange}
    answer = await world.ask('{ order(id: "ord-000001") { orderNumber financialStatus } }', ADA)
    assert answer.data == {"order": {"orderNumber": "R000000001", "financialStatus": None}}
    assert told(answer) == [("order.financialStatus", "UPSTREAM_GARBLED", "OMS", "orders")]
