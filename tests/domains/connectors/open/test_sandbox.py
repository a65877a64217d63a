"""Every slow write through the connector, a real Wire and the sandbox: both sides of the contract as judges."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from msgspec import structs

from domains.connectors.open import OpenSettings, connect_crm, connect_erp, connect_loyalty, connect_oms
from domains.connectors.roles import CrmPorts, ErpPorts, LoyaltyPorts, OmsPorts
from domains.customers import HistoryNote
from domains.finance import CreditMemo, GoodsLine, GoodsReceipt, PostingKey, PostingSubject, SalesDocument, SalesLine
from domains.loyalty import (
    Accrual,
    AccrualReversal,
    Holding,
    LedgerEntryStatus,
    PointsHold,
    PointsMovement,
    RedemptionState,
)
from domains.orders import OrderDraft, OrderDraftLine
from domains.returns import (
    ReceivedLine,
    RefundType,
    ReturnDisposition,
    ReturnDraft,
    ReturnDraftLine,
    ReturnMethod,
    ReturnReason,
    ReturnStatus,
)
from domains.sandbox import crm, erp, loyalty, oms
from domains.sandbox.chassis import STILL, build_app
from domains.sandbox.world import SMALL, build_world
from domains.upstream import Wire, WirePolicy
from domains.vocabulary import (
    CustomerId,
    IdempotencyKey,
    MembershipId,
    Money,
    OrderId,
    PointsAmount,
    ReturnId,
    RewardCurrency,
    Sku,
    SystemRole,
    UpstreamRejected,
)

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ORDER, RETURN, ADA, MEMBER = OrderId("web-17"), ReturnId("rma-17"), CustomerId("cust-00001"), MembershipId("mem-00001")
SERVICES = {
    SystemRole.ERP: erp.routes,
    SystemRole.OMS: oms.routes,
    SystemRole.LOYALTY: loyalty.routes,
    SystemRole.CRM: crm.routes,
}


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency_code="EUR")


def key(text: str) -> IdempotencyKey:
    return IdempotencyKey(f"flow-1:{text}")


@dataclass(frozen=True)
class Systems:
    erp: ErpPorts
    oms: OmsPorts
    loyalty: LoyaltyPorts
    loyalty_by_debit: LoyaltyPorts
    crm: CrmPorts
    knobs: httpx.AsyncClient


@pytest.fixture
async def systems() -> AsyncIterator[Systems]:
    """The four services of one world, each behind a Wire of its own; `knobs` are those of the OMS."""
    world = build_world(1, NOW, SMALL)
    async with AsyncExitStack() as stack:
        apps = {
            role: httpx.ASGITransport(build_app(role.value, routes(world, lambda: NOW), STILL, lambda: NOW))
            for role, routes in SERVICES.items()
        }
        wires = {role: Wire(role, WirePolicy(retries_max=0), app) for role, app in apps.items()}
        for wire in wires.values():
            stack.push_async_callback(wire.aclose)
        at = OpenSettings("http://service.test")
        knobs = httpx.AsyncClient(transport=apps[SystemRole.OMS], base_url="http://oms")
        yield Systems(
            connect_erp(at, wires[SystemRole.ERP]),
            connect_oms(at, wires[SystemRole.OMS]),
            connect_loyalty(at, wires[SystemRole.LOYALTY]),
            connect_loyalty(at, wires[SystemRole.LOYALTY], Holding.DEBIT),
            connect_crm(at, wires[SystemRole.CRM]),
            await stack.enter_async_context(knobs),
        )


def draft() -> OrderDraft:
    line = OrderDraftLine(sku=Sku("SKU-00001"), quantity=Decimal(2), unit_price=euros("10.00"))
    return OrderDraft(order_id=ORDER, order_number="W17", customer_id=ADA, lines=(line,))


def back(return_id: ReturnId | None = RETURN) -> ReturnDraft:
    return ReturnDraft(
        return_id=return_id,
        rma_number=None if return_id is None else "R-17",
        order_id=ORDER,
        lines=(ReturnDraftLine(order_line_id="1", quantity=Decimal(1), reason=ReturnReason.UNWANTED),),
        method=ReturnMethod.RETURN_BY_MAIL,
        refund_type=RefundType.FULL_REFUND,
    )


async def refused(work: Awaitable[object]) -> str | None:
    with pytest.raises(UpstreamRejected) as rejected:
        await work
    assert rejected.value.status == 409
    return rejected.value.reason


async def test_an_order_keeps_the_name_it_was_told_under(systems: Systems) -> None:
    """Id and number of a draft are the order's; a repeat is the same order, and another draft of that id is refused."""
    order = await systems.oms.order_writes.take(draft(), key("take"))
    assert (order.id, order.order_number) == (ORDER, "W17")
    assert await systems.oms.order_writes.take(draft(), key("take")) == order
    assert await refused(systems.oms.order_writes.take(draft(), key("other"))) == "ORDER_ID_TAKEN"
    canceled = await systems.oms.order_writes.cancel(ORDER, key("cancel"))
    assert canceled.facts.rejected
    assert await refused(systems.oms.order_writes.cancel(ORDER, key("again"))) == "ILLEGAL_TRANSITION"
    assert await refused(systems.oms.order_writes.cancel(OrderId("no"), key("no"))) == "ORDER_NOT_FOUND"


async def test_a_return_from_request_to_receipt(systems: Systems) -> None:
    """A requested return under a promised name is approved and received; declined and canceled ones go no further."""
    await systems.oms.order_writes.take(draft(), key("take"))
    await systems.knobs.post("/_sandbox/orders/web-17/ship", json={"to": "DELIVERED"})
    returns = systems.oms.returns
    asked = await returns.request(back(), key("request"))
    assert (asked.id, asked.rma_number, asked.status) == (RETURN, "R-17", ReturnStatus.REQUESTED)
    assert asked.lines[0].quantity_authorized == 0
    assert asked.expires_at is None
    approved = await returns.approve(RETURN, key("approve"))
    assert approved.status is ReturnStatus.AUTHORIZED
    assert approved.lines[0].quantity_authorized == 1
    assert await refused(returns.decline(RETURN, "too late", key("decline"))) == "ILLEGAL_TRANSITION"
    line = ReceivedLine(line_id="1", quantity=Decimal(1), disposition=ReturnDisposition.RESTOCKED)
    assert (await returns.receive(RETURN, (line,), key("receive"))).status is ReturnStatus.RECEIVED
    other = await returns.request(back(None), key("request-2"))
    assert (await returns.decline(other.id, "worn", key("decline-2"))).status is ReturnStatus.DECLINED
    third = await returns.record(back(None), key("record"))
    assert (await returns.cancel(third.id, key("cancel"))).status is ReturnStatus.CANCELED
    assert await refused(returns.record(back(), key("record-2"))) == "RETURN_ID_TAKEN"
    assert await refused(returns.approve(ReturnId("no"), key("no"))) == "RETURN_NOT_FOUND"


async def test_points_of_an_order(systems: Systems) -> None:
    """Points are spent and given back, earned, posted, taken back and restored, and found by the key of each write."""
    writes = systems.loyalty.loyalty_writes
    points = PointsAmount(value=Decimal(100), currency=RewardCurrency(code="PTS", name="Points"))
    held = await systems.loyalty.loyalty.hold(PointsHold(membership_id=MEMBER, points=points), key("hold"))
    assert held.reference == key("hold"), "by it a hold is found whose answer was lost"
    assert (await writes.capture(held.id, key("capture"))).state is RedemptionState.CAPTURED
    assert (await writes.reverse(held.id, key("reverse"))).state is RedemptionState.REVERSED
    accrued = await writes.accrue(Accrual(membership_id=MEMBER, order_id=ORDER, basis=euros("20.00")), key("accrue"))
    assert accrued.status is LedgerEntryStatus.PENDING
    posted = await writes.finalise(ORDER, key("finalise"))
    assert (posted.id, posted.status) == (accrued.id, LedgerEntryStatus.POSTED)
    half = AccrualReversal(order_id=ORDER, reference="ReturnAuthorization:rma-17", basis=euros("10.00"))
    taken = await writes.take_back(half, key("take-back"))
    given = await writes.restore(half, key("restore"))
    assert taken.points.value == -given.points.value == -posted.points.value / 2
    keys = {key(name) for name in ("hold", "capture", "reverse", "accrue", "finalise", "take-back", "restore", "never")}
    found = {name: reading.value for name, reading in (await writes.entries(frozenset(keys))).items()}
    assert keys - found.keys() == {key("never")}
    assert found[key("finalise")] == found[key("accrue")] == posted
    assert found[key("capture")].points.value == -100
    assert found[key("take-back")] == taken
    assert taken.reference == key("take-back")


async def test_points_are_taken_and_given_back(systems: Systems) -> None:
    """A debit takes what is available and a credit gives it back, once for each key; both are found by it."""
    movements, writes = systems.loyalty_by_debit.movements, systems.loyalty.loyalty_writes
    assert movements is not None
    assert systems.loyalty.movements is None, "an engine that holds is not debited"
    points = PointsAmount(value=Decimal(100), currency=RewardCurrency(code="PTS", name="Points"))
    movement = PointsMovement(membership_id=MEMBER, points=points, reference="LoyaltyRedemption:gh-1", order_id=ORDER)
    debit = await movements.debit(movement, key("debit"))
    assert (debit.points.value, debit.order_id, debit.reference) == (Decimal(-100), ORDER, str(key("debit")))
    assert await movements.debit(movement, key("debit")) == debit
    credit = await movements.credit(movement, key("credit"))
    assert credit.points == points
    found = await writes.entries(frozenset({key("debit"), key("credit")}))
    assert {one.value for one in found.values()} == {debit, credit}
    stranger = structs.replace(movement, membership_id=MembershipId("no"))
    assert await refused(movements.debit(stranger, key("no"))) == "MEMBERSHIP_NOT_FOUND"
    assert await refused(movements.credit(stranger, key("no"))) == "MEMBERSHIP_NOT_FOUND"
    too_much = structs.replace(movement, points=structs.replace(points, value=Decimal(1_000_000)))
    assert await refused(movements.debit(too_much, key("too much"))) == "INSUFFICIENT_POINTS"


async def test_documents_of_an_order_and_its_return(systems: Systems) -> None:
    """Sales order, credit memo and goods receipt are posted with numbers, found by subject, and reversed once."""
    writes, finance = systems.erp.finance_writes, systems.erp.finance
    line = SalesLine(sku=Sku("SKU-00001"), quantity=Decimal(2), amount=euros("20.00"))
    sale = SalesDocument(
        order_id=ORDER, order_number="W17", customer_id=ADA, lines=(line,), total=euros("20.00"), redeemed=euros("1.00")
    )
    memo = CreditMemo(return_id=RETURN, rma_number="R-17", order_id=ORDER, amount=euros("10.00"))
    goods = GoodsReceipt(
        id="rma-17-1",
        return_id=RETURN,
        lines=(GoodsLine(sku=Sku("SKU-00001"), quantity=Decimal(1), disposition="RESTOCKED"),),
    )
    facts = {
        PostingKey(PostingSubject.ORDER, ORDER): await writes.post_order(sale, key("sale")),
        PostingKey(PostingSubject.RETURN, RETURN): await writes.post_credit(memo, key("memo")),
        PostingKey(PostingSubject.RECEIPT, "rma-17-1"): await writes.post_goods(goods, key("goods")),
    }
    found = {name: reading.value for name, reading in (await finance.postings(frozenset(facts))).items()}
    assert found == facts
    assert all(one.document_number and one.posted_at for one in facts.values())
    ledger = (await finance.ledgers(frozenset({ORDER})))[ORDER].value
    assert [document.type.value for document in ledger.documents] == ["INVOICE", "PAYMENT", "CREDIT_MEMO"]
    assert (await writes.reverse_credit(RETURN, key("reverse-credit"))).reversed_at == NOW
    assert (await writes.reverse_order(ORDER, key("reverse-order"))).reversed_at == NOW
    assert await refused(writes.reverse_order(ORDER, key("again"))) == "ILLEGAL_TRANSITION"
    assert await refused(writes.reverse_credit(ReturnId("no"), key("no"))) == "POSTING_NOT_FOUND"


async def test_a_note_in_the_history(systems: Systems) -> None:
    """Notes come back in the order they were made; a customer nobody knows has no history to write in."""
    writes = systems.crm.customer_writes
    notes = [
        HistoryNote(customer_id=ADA, kind="order.submitted", about=f"Order:web-{n}", text="Ordered.", occurred_at=NOW)
        for n in range(3)
    ]
    entries = [await writes.note(note, key(note.about)) for note in notes]
    history = await writes.history(frozenset({ADA, CustomerId("cust-00002")}))
    assert history[ADA].value == tuple(entries)
    assert history[CustomerId("cust-00002")].value == ()
    stranger = HistoryNote(customer_id=CustomerId("no"), kind="x", about="y", text="z", occurred_at=NOW)
    assert await refused(writes.note(stranger, key("no"))) == "CUSTOMER_NOT_FOUND"
