"""What a small retailer has: records, one builder for each kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domains import durable, inventory, loyalty, orders, products, returns
from domains.vocabulary import (
    CustomerId,
    FulfillmentType,
    GeoPoint,
    LocationId,
    MembershipId,
    Money,
    OrderId,
    PointsAmount,
    ProgramId,
    RedemptionId,
    ReturnId,
    RewardCurrency,
    Sku,
    SystemRole,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POINTS = RewardCurrency(code="PTS", name="points")


def points(value: int) -> PointsAmount:
    return PointsAmount(value=Decimal(value), currency=POINTS)


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency_code="EUR")


def product(sku: str) -> products.Product | None:
    if not sku.startswith("SKU-"):
        return None
    return products.Product(sku=Sku(sku), name=f"Product {sku}", list_price=euros("12.50"))


def location(number: int) -> inventory.Location:
    return inventory.Location(
        id=LocationId(f"store-{number:03}"),
        name=f"Store {number}",
        type=inventory.LocationType.STORE,
        position=GeoPoint(latitude=50.0 + number, longitude=8.0),
    )


def stock(key: inventory.StockKey) -> inventory.StockPosition | None:
    if not key.sku.startswith("SKU-"):
        return None
    return inventory.StockPosition(
        sku=key.sku,
        location_id=key.location_id,
        semantics=inventory.AvailabilitySemantics.SELLABLE,
        available_to_promise=Decimal(40 if key.location_id is None else 7),
    )


def reservation(
    id_: str = "rsv-1",
    state: inventory.ReservationState = inventory.ReservationState.CREATED,
    lines: tuple[inventory.ReservationLine, ...] = (
        inventory.ReservationLine(sku=Sku("SKU-1"), location_id=LocationId("store-001"), quantity=Decimal(1)),
    ),
    expires_at: datetime | None = None,
) -> inventory.InventoryReservation:
    return inventory.InventoryReservation(
        id=id_, kind=inventory.ReservationKind.SOFT, state=state, lines=lines, expires_at=expires_at
    )


def order(number: int, customer: str = "cust-00001", lines: int = 2) -> orders.Order:
    return orders.Order(
        id=OrderId(f"ord-{number:06}"),
        order_number=f"R{number:09}",
        placed_at=NOW - timedelta(days=number),
        customer_id=CustomerId(customer),
        email="ada@example.test",
        postal_code="60311",
        facts=orders.OrderFacts(lifecycle=orders.Lifecycle.PROCESSING, raw="released"),
        total=euros("25.00"),
        payment=orders.PaymentFacts(captured=euros("25.00")),
        lines=tuple(
            orders.OrderLine(
                id=str(line),
                sku=Sku(f"SKU-{number:02}{line:03}"),
                total=euros("12.50"),
                ordered=Decimal(2),
                fulfilled=Decimal(2),
                returned=Decimal(1 if line == 0 else 0),
            )
            for line in range(lines)
        ),
        fulfillments=(
            orders.Fulfillment(
                id="f1",
                type=FulfillmentType.SHIPPING,
                status=orders.FulfillmentStatus.PROCESSING,
                location_id=LocationId("store-001"),
                lines=(orders.FulfillmentLine(line_id="0", quantity=Decimal(2)),),
            ),
        ),
    )


def sale(of: orders.Order) -> returns.Sale:
    return returns.Sale(
        order_id=of.id,
        customer_id=of.customer_id,
        placed_at=of.placed_at,
        lines=tuple(
            returns.SaleLine(
                id=line.id,
                sku=line.sku,
                ordered=line.ordered,
                fulfilled=line.fulfilled,
                returned=line.returned,
                total=line.total,
                delivered_at=NOW - timedelta(days=3),
            )
            for line in of.lines
        ),
    )


def policy(sku: str) -> returns.ReturnPolicy:
    return returns.ReturnPolicy(sku=Sku(sku), window_days=30)


def authorization(number: int, order_id: str = "ord-000001") -> returns.ReturnAuthorization:
    return returns.ReturnAuthorization(
        id=ReturnId(f"ret-{number:06}"),
        rma_number=f"RMA-{number:06}",
        status=returns.ReturnStatus.AUTHORIZED,
        order_id=OrderId(order_id),
        customer_id=CustomerId("cust-00001"),
        lines=(
            returns.ReturnLine(
                id="1", order_line_id="0", quantity_requested=Decimal(1), reason=returns.ReturnReason.STYLE
            ),
        ),
        method=returns.ReturnMethod.RETURN_IN_STORE,
        refund_type=returns.RefundType.FULL_REFUND,
        authorized_at=LocationId("store-002"),
    )


def membership(number: int) -> loyalty.LoyaltyMembership:
    return loyalty.LoyaltyMembership(
        id=MembershipId(f"mem-{number:05}"),
        customer_id=CustomerId(f"cust-{number:05}"),
        program_id=ProgramId("prog-main"),
    )


def ledger_entry(number: int) -> loyalty.LoyaltyLedgerEntry:
    return loyalty.LoyaltyLedgerEntry(
        id=f"entry-{number}",
        type=loyalty.LedgerEntryType.ACCRUAL,
        status=loyalty.LedgerEntryStatus.POSTED,
        points=points(number),
        order_id=OrderId(f"ord-{number % 3 + 1:06}"),
        occurred_at=NOW - timedelta(hours=number),
    )


def redemption(number: int, state: loyalty.RedemptionState = loyalty.RedemptionState.HELD) -> loyalty.LoyaltyRedemption:
    return loyalty.LoyaltyRedemption(
        id=RedemptionId(f"red-{number}"),
        membership_id=MembershipId("mem-00001"),
        state=state,
        points=points(100),
        value=euros("1.00"),
    )


def flow(subject: str = "Order:ord-000001", caller: str = "ada") -> durable.Flow:
    """A submission that waits for the ERP."""
    return durable.Flow(
        id="flow-1",
        kind="order.submit",
        state=durable.FlowState.WAITING,
        subject=subject,
        title="order R000000001",
        caller=caller,
        correlation_id="corr-1",
        accepted_at=NOW,
        next_at=NOW + timedelta(seconds=30),
        why="ERP did not answer in time",
        steps=(
            durable.FlowStep(
                name="take-order", system=SystemRole.OMS, state=durable.StepState.DONE, attempts=1, reference="R1"
            ),
            durable.FlowStep(
                name="post-sales-order",
                system=SystemRole.ERP,
                state=durable.StepState.WAITING,
                attempts=3,
                why="ERP did not answer in time",
            ),
        ),
    )


def business_exception() -> durable.BusinessException:
    return durable.BusinessException(
        id="exception-1",
        source=durable.ExceptionSource.FLOW,
        about="flow-1",
        title="order R000000001 has been waiting for its ERP document",
        impact="It is tried again by itself.",
        severity=durable.Severity.WARNING,
        opened_at=NOW,
        actions=tuple(durable.ExceptionAction),
    )


def reconciliation() -> durable.Reconciliation:
    wrong = durable.Mismatch(key="Order:ord-000001", what="its ERP document", expected="4500000001", found="nothing")
    return durable.Reconciliation(
        id="reconciliation-1", subject="orders", checked=7, matched=6, mismatches=(wrong,), ran_at=NOW
    )
