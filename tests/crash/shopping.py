"""What people do in a crash test: they fill a basket, pay part of it with points, order, and bring things back."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import uuid4

from tests.crash.client import Client
from tests.crash.people import CLERK, Bought, Shopper
from tests.running import Json

GUEST_EVERY, PLAIN_EVERY, POINTS_EVERY, AGAIN_EVERY = 9, 7, 3, 5
POINTS = 10
HOUR_S = 3_600
REFUSED = "code message retryable retryAfterSeconds"
RESERVE = f"""mutation Reserve($input: InventoryReservationCreateInput!) {{ inventoryReservationCreate(input: $input) {{
  __typename ... on InventoryReservation {{ id state }} ... on Refusal {{ {REFUSED} }} }} }}"""
HOLD = f"""mutation Hold($input: LoyaltyRedemptionHoldInput!) {{ loyaltyRedemptionHold(input: $input) {{
  __typename ... on LoyaltyRedemption {{ id value {{ amount }} }} ... on Refusal {{ {REFUSED} }} }} }}"""
SUBMIT = f"""mutation Submit($input: OrderSubmitInput!) {{ orderSubmit(input: $input) {{
  __typename ... on Order {{ id orderNumber status total {{ amount }} }} ... on Refusal {{ {REFUSED} }} }} }}"""
AUTHORIZE = f"""mutation Authorize($input: ReturnAuthorizeInput!) {{ returnAuthorize(input: $input) {{
  __typename ... on ReturnAuthorization {{ id rmaNumber provisional }} ... on Refusal {{ {REFUSED} }} }} }}"""


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order that was acknowledged, as its customer knows it. Ids are the systems' own."""

    order_id: str
    number: str
    shopper: Shopper | None
    lines: tuple[tuple[str, int, Decimal], ...]
    total: Decimal
    redeemed: Decimal
    reservation: str | None
    redemption: str | None


@dataclass(frozen=True, slots=True)
class Returned:
    """A return that was acknowledged, of one piece of one line. `of` is what it is of."""

    return_id: str
    provisional: bool
    of: Bought | Ordered
    line_id: str


@dataclass
class Shopping:
    """All that was acknowledged, and what was refused, by its code. `name` tells its keys from those of other tests."""

    client: Client
    shoppers: list[Shopper]
    skus: list[str]
    name: str = field(default_factory=lambda: uuid4().hex[:8])
    ordered: list[Ordered] = field(default_factory=list)
    returned: list[Returned] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)

    async def order(self, number: int) -> Ordered | None:
        """One order, from the basket to its acknowledgement. None when it was refused."""
        dice = random.Random(number)
        guest = number % GUEST_EVERY == 0
        shopper = None if guest else self.shoppers[number % len(self.shoppers)]
        token = None if shopper is None else shopper.token
        lines = tuple(
            (sku, dice.choice((1, 1, 1, 2)), Decimal(dice.randint(500, 8_000)) / 100)
            for sku in dice.sample(self.skus, dice.choice((1, 1, 2, 3)))
        )
        given: Json = {"lines": [_line(*line) for line in lines], "total": _money(_sum(lines))}
        if guest:
            given["email"] = f"guest.{number}@example.com"
        reservation = redemption = None
        if number % PLAIN_EVERY:
            wanted = {"lines": [{"sku": sku, "quantity": str(count)} for sku, count, _ in lines], "ttlSeconds": HOUR_S}
            reserved = await self._changed(RESERVE, wanted, f"reserve-{self.name}-{number}", token)
            if reserved is None:
                return None
            given["reservationId"] = reservation = reserved["id"]
        if shopper is not None and number % POINTS_EVERY == 0:
            wanted = {"membershipId": shopper.membership, "points": str(POINTS), "ttlSeconds": HOUR_S}
            held = await self._changed(HOLD, wanted, f"hold-{self.name}-{number}", token)
            if held is None:
                return None
            given["redemptionId"], redemption = held["id"], held
        key = f"order-{self.name}-{number}"
        answer = await self._changed(SUBMIT, given, key, token)
        if answer is None:
            return None
        if number % AGAIN_EVERY == 0:
            again = await self._changed(SUBMIT, given, key, token)
            assert again is not None
            assert (again["id"], again["orderNumber"]) == (answer["id"], answer["orderNumber"])
        ordered = Ordered(
            order_id=bare(answer["id"]),
            number=answer["orderNumber"],
            shopper=shopper,
            lines=lines,
            total=_sum(lines),
            redeemed=Decimal(redemption["value"]["amount"]) if redemption else Decimal(0),
            reservation=reservation,
            redemption=None if redemption is None else bare(redemption["id"]),
        )
        self.ordered.append(ordered)
        return ordered

    async def bring_back(self, number: int, of: Bought | Ordered) -> Returned | None:
        """One piece of what was bought, to the clerk of a store or, every fourth time, by mail. None when refused."""
        line_id = of.line_id if isinstance(of, Bought) else "1"
        mails = number % 4 == 0 and isinstance(of, Ordered) and of.shopper is not None
        token = of.shopper.token if mails and isinstance(of, Ordered) and of.shopper else CLERK
        given = {
            "orderId": of.order_id,
            "lines": [{"orderLineId": line_id, "quantity": "1", "reason": "STYLE"}],
            "method": "RETURN_BY_MAIL" if mails else "RETURN_IN_STORE",
            "refundType": "FULL_REFUND",
        }
        answer = await self._changed(AUTHORIZE, given, f"return-{self.name}-{number}", token)
        if answer is None:
            return None
        returned = Returned(bare(answer["id"]), answer["provisional"], of, line_id)
        self.returned.append(returned)
        return returned

    async def _changed(self, mutation: str, given: Json, key: str, token: str | None) -> Json | None:
        answer = await self.client.change(mutation, given, key, token)
        if "code" in answer:
            self.refused.append(f"{key}: {answer['code']}")
            return None
        return answer


def bare(public: str) -> str:
    return public.rsplit(":", maxsplit=1)[-1]


def _sum(lines: tuple[tuple[str, int, Decimal], ...]) -> Decimal:
    return sum((count * price for _, count, price in lines), Decimal(0))


def _line(sku: str, count: int, price: Decimal) -> Json:
    return {"sku": sku, "quantity": str(count), "unitPrice": _money(price)}


def _money(amount: Decimal) -> Json:
    return {"amount": f"{amount:.2f}", "currencyCode": "EUR"}
