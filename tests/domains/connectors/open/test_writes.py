"""Holds, voids, reservations and returns: what is sent, and how a no comes back."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from domains.connectors.open import OpenSettings, connect_loyalty, connect_oms
from domains.inventory import ReservationDraft, ReservationKind, ReservationLine, ReservationState
from domains.loyalty import PointsHold, RedemptionState
from domains.returns import RefundType, ReturnDraft, ReturnDraftLine, ReturnMethod, ReturnReason
from domains.upstream import Wire, WirePolicy
from domains.vocabulary import (
    IdempotencyKey,
    MembershipId,
    OrderId,
    PointsAmount,
    RedemptionId,
    RewardCurrency,
    Sku,
    SystemRole,
    UpstreamRejected,
    UpstreamTimeout,
)

AT = OpenSettings("http://service.test")
KEY = IdempotencyKey("associate-7:return:42")
HOLD = PointsHold(
    membership_id=MembershipId("mem-00001"),
    points=PointsAmount(value=Decimal(500), currency=RewardCurrency(code="STAR", name="Stars")),
    basket_reference="b-1",
    ttl_s=600,
)
DRAFT = ReturnDraft(
    order_id=OrderId("ord-000001"),
    lines=(ReturnDraftLine(order_line_id="1", quantity=Decimal(1), reason=ReturnReason.SIZE_TOO_SMALL),),
    method=ReturnMethod.RETURN_IN_STORE,
    refund_type=RefundType.FULL_REFUND,
)


async def test_hold(service: Callable[[SystemRole], Any]) -> None:
    """A hold goes out whole, under its key, and comes back as the engine has it."""
    engine = service(SystemRole.LOYALTY)
    redemption = await connect_loyalty(AT, engine.wire()).loyalty.hold(HOLD, KEY)
    assert redemption.state is RedemptionState.HELD
    assert engine.asked == [("/v1/redemptions", HOLD)]
    assert engine.requests[0].headers["Idempotency-Key"] == KEY


@pytest.mark.parametrize("how", ["hold", "void", "capture"])
async def test_a_redemption_is_written_once_by_the_wire(how: str, service: Callable[[SystemRole], Any]) -> None:
    """What got no answer is not sent again before somebody has looked, though its key would allow it."""
    asked: list[httpx.Request] = []

    def lost(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ReadTimeout("no answer", request=request)

    wire = Wire(SystemRole.LOYALTY, WirePolicy(retries_max=2, retry_base_s=0.0), httpx.MockTransport(lost))
    write = getattr(connect_loyalty(AT, wire).loyalty, how)
    with pytest.raises(UpstreamTimeout):
        await write(HOLD if how == "hold" else RedemptionId("red-1"), KEY)
    assert [request.headers["Idempotency-Key"] for request in asked] == [KEY]


@pytest.mark.parametrize("id_", ["red-000001", "red/1?x=1", "..", "r\u00f6d 1"])
async def test_void(id_: str, service: Callable[[SystemRole], Any]) -> None:
    """Whatever an id is made of, it stays one segment of the path."""
    engine = service(SystemRole.LOYALTY)
    redemption = await connect_loyalty(AT, engine.wire()).loyalty.void(RedemptionId(id_), KEY)
    assert redemption.state is RedemptionState.VOIDED
    assert engine.requests[0].headers["Idempotency-Key"] == KEY
    assert engine.requests[0].url.path == f"/v1/redemptions/{id_}/void"


async def test_reserve(service: Callable[[SystemRole], Any]) -> None:
    """A basket goes out whole, under its key, and comes back with the places where the OMS found it."""
    oms = service(SystemRole.OMS)
    line = ReservationLine(sku=Sku("SKU-00001"), quantity=Decimal(2))
    draft = ReservationDraft(kind=ReservationKind.SOFT, lines=(line,), ttl_s=900, basket_reference="b-1")
    reservation = await connect_oms(AT, oms.wire()).inventory.reserve(draft, KEY)
    assert [(part.location_id, part.quantity) for part in reservation.lines] == [
        ("dc-001", Decimal("1.5")),
        ("dc-002", Decimal("0.5")),
    ]
    assert oms.asked == [("/v1/reservations", draft)]
    assert oms.requests[0].headers["Idempotency-Key"] == KEY


@pytest.mark.parametrize("id_", ["rsv-000002", "rsv/1?x=1", "..", "r\u00f6d 1"])
async def test_release(id_: str, service: Callable[[SystemRole], Any]) -> None:
    """Whatever a reservation's id is made of, it stays one segment of the path."""
    oms = service(SystemRole.OMS)
    reservation = await connect_oms(AT, oms.wire()).inventory.release(id_, KEY)
    assert reservation.state is ReservationState.RELEASED
    assert oms.requests[0].headers["Idempotency-Key"] == KEY
    assert oms.requests[0].url.path == f"/v1/reservations/{id_}/release"


async def test_record(service: Callable[[SystemRole], Any]) -> None:
    """A return goes out whole, under its key, and comes back with its RMA number."""
    oms = service(SystemRole.OMS)
    rma = await connect_oms(AT, oms.wire()).returns.record(DRAFT, KEY)
    assert rma.rma_number == "RMA-000001"
    assert oms.asked == [("/v1/returns", DRAFT)]
    assert oms.requests[0].headers["Idempotency-Key"] == KEY


@pytest.mark.parametrize("code", ["INSUFFICIENT_POINTS", "IDEMPOTENCY_CONFLICT"])
async def test_a_refusal_carries_its_code(code: str, service: Callable[[SystemRole], Any]) -> None:
    """A 409 problem is UpstreamRejected with the problem's code as its reason: the slice makes a refusal of it."""
    engine = service(SystemRole.LOYALTY)
    problem = {"title": "Refused", "status": 409, "code": code}
    engine.answers["/v1/redemptions"] = httpx.Response(409, json=problem)
    with pytest.raises(UpstreamRejected) as rejected:
        await connect_loyalty(AT, engine.wire()).loyalty.hold(HOLD, KEY)
    assert (rejected.value.status, rejected.value.reason) == (409, code)
