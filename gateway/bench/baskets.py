"""Orders and returns, prepared up to the request that is measured: what they need was reserved, held or delivered."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp

from gateway.bench.asking import Asking
from gateway.bench.load import Ended, Outcome, Task, closed
from gateway.bench.shoppers import HOLD, RESERVE, SHOWCASE, Shopper, judged, shoppers_with_points
from gateway.trouble import CannotStart

ORDER, RETURN = "orderSubmit", "returnAuthorize"
WORKERS = 16
POINTS, HOUR_S = 1, 3_600
PRICE = {"amount": "20.00", "currencyCode": "EUR"}

SUBMIT = """mutation Submit($input: OrderSubmitInput!) { orderSubmit(input: $input) {
  __typename ... on Refusal { code message } ... on Order { id orderNumber status total { amount currencyCode } } } }"""
AUTHORIZE = """mutation Authorize($input: ReturnAuthorizeInput!) { returnAuthorize(input: $input) {
  __typename ... on Refusal { code message }
  ... on ReturnAuthorization { id rmaNumber provisional estimatedRefund { amount currencyCode } } } }"""


@dataclass(frozen=True, slots=True)
class Basket:
    """A basket on its way to the cash desk: its stock is reserved, and points are held for it."""

    shopper: Shopper
    sku: str
    reservation: str
    redemption: str


class Baskets:
    """Prepares and makes requests. `oms` is the address of the OMS itself: what was delivered has come past nobody."""

    def __init__(self, asking: Asking, oms: str, shoppers: Sequence[Shopper], skus: Sequence[str]) -> None:
        self._asking = asking
        self._oms = oms
        self._shoppers = itertools.cycle(shoppers)
        self._skus = itertools.cycle(skus)
        self._filled: list[Basket] = []
        self._delivered: list[str] = []

    async def prepare(self, count: int) -> None:
        """Have so many requests ready, orders and returns in turn. Raises CannotStart."""
        orders = count - count // 2
        tasks = [*(self._fill for _ in range(orders)), *(self._deliver for _ in range(count // 2))]
        run = await closed(tasks, WORKERS)
        failed = [sample for sample in run.samples if sample.outcome is not Outcome.DONE]
        if failed:
            raise CannotStart(f"{len(failed)} of {count} baskets could not be prepared: {failed[0].detail}")

    def tasks(self) -> list[Task]:
        """All that is ready, an order and a return in turn."""
        orders: Iterable[Task] = [partial(self._submit, basket) for basket in self._filled]
        returns: Iterable[Task] = [partial(self._authorize, order_id) for order_id in self._delivered]
        self._filled, self._delivered = [], []
        pairs = itertools.zip_longest(orders, returns)
        return [task for pair in pairs for task in pair if task is not None]

    async def _fill(self) -> Ended:
        shopper, sku = next(self._shoppers), next(self._skus)
        lines = [{"sku": sku, "quantity": "1"}]
        given = {"lines": lines, "ttlSeconds": HOUR_S, "idempotencyKey": uuid.uuid4().hex}
        answer = await self._asking.ask(RESERVE, {"input": given}, shopper.token)
        ended, reserved = judged("reservation", answer, "inventoryReservationCreate", "InventoryReservation")
        if reserved is None:
            return ended
        points = {"membershipId": shopper.membership, "points": f"{POINTS}", "ttlSeconds": HOUR_S}
        answer = await self._asking.ask(HOLD, {"input": {**points, "idempotencyKey": uuid.uuid4().hex}}, shopper.token)
        ended, held = judged("points", answer, "loyaltyRedemptionHold", "LoyaltyRedemption")
        if held is not None:
            self._filled.append(Basket(shopper, sku, reserved["id"], held["id"]))
        return ended

    async def _deliver(self) -> Ended:
        line = {"sku": next(self._skus), "quantity": "1", "unitPrice": PRICE}
        draft = {"lines": [line], "customerId": next(self._shoppers).customer, "channel": "WEB"}
        try:
            order = await self._told("/v1/orders", draft, {"Idempotency-Key": uuid.uuid4().hex})
            await self._told(f"/_sandbox/orders/{order['id']}/ship", {"to": "DELIVERED"}, {})
        except (aiohttp.ClientError, TimeoutError) as exc:
            return Ended("delivery", Outcome.FAILED, str(exc))
        self._delivered.append(order["id"])
        return Ended("delivery", Outcome.DONE)

    async def _told(self, path: str, body: Any, headers: Mapping[str, str]) -> Any:
        async with self._asking.http.post(f"{self._oms}{path}", json=body, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _submit(self, basket: Basket) -> Ended:
        line = {"sku": basket.sku, "quantity": "1", "unitPrice": PRICE}
        given = {
            "lines": [line],
            "total": PRICE,
            "reservationId": basket.reservation,
            "redemptionId": basket.redemption,
            "idempotencyKey": uuid.uuid4().hex,
        }
        answer = await self._asking.ask(SUBMIT, {"input": given}, basket.shopper.token)
        return judged(ORDER, answer, "orderSubmit", "Order")[0]

    async def _authorize(self, order_id: str) -> Ended:
        """At the desk of a shop, by somebody without a token, whom a bench takes for an associate."""
        given = {
            "orderId": order_id,
            "lines": [{"orderLineId": "1", "quantity": "1", "reason": "STYLE"}],
            "method": "RETURN_IN_STORE",
            "refundType": "FULL_REFUND",
            "idempotencyKey": uuid.uuid4().hex,
        }
        answer = await self._asking.ask(AUTHORIZE, {"input": given})
        ended, returned = judged(RETURN, answer, "returnAuthorize", "ReturnAuthorization")
        if returned is not None and returned["provisional"]:
            return Ended(RETURN, Outcome.FAILED, "only promised: the OMS did not confirm it in time")
        return ended


async def open_baskets(asking: Asking, oms: str) -> Baskets:
    """Baskets of what may be brought back to a shop. Raises CannotStart."""
    shoppers = await shoppers_with_points(asking)
    async with asking.http.post(f"{oms}/v1/return-policies/lookup", json={"skus": list(SHOWCASE)}) as answer:
        policies = (await answer.json())["items"]
    skus = [one["sku"] for one in policies if not one["finalSale"] and "RETURN_IN_STORE" in one["methods"]]
    if not shoppers or not skus:
        raise CannotStart(f"the bench has nothing to order: {len(shoppers)} shoppers, {len(skus)} products")
    return Baskets(asking, oms, shoppers, skus)


async def plain_calls(http: aiohttp.ClientSession, url: str, path: str, body: Any, per_s: float) -> list[float]:
    """Ask a system itself, so many times a second until cancelled; the seconds that each answer took."""
    took: list[float] = []
    loop = asyncio.get_running_loop()
    try:
        while True:
            due = loop.time()
            async with http.post(f"{url}{path}", json=body) as answer:
                await answer.read()
            took.append(loop.time() - due)
            await asyncio.sleep(max(0.0, due + 1 / per_s - loop.time()))
    except asyncio.CancelledError:
        return took
