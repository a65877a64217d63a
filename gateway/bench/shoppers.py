"""What shoppers do between the basket and the payment: four operations, each on the CHECKOUT path."""

from __future__ import annotations

import asyncio
import itertools
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from gateway.bench.asking import Answer, Asking
from gateway.bench.house import SHOPPERS, token_of
from gateway.bench.load import Ended, Outcome, Task
from gateway.trouble import CannotStart

SHOWCASE = tuple(f"SKU-{number:05}" for number in range(1, 25))
"""What the sandbox has in stock everywhere."""

BASKET_LINES, RESERVED_LINES, POINTS = 4, 2, 10
POINTS_NEEDED = 50 * POINTS  # more than one shopper ever holds at once

PRICES = """query Prices($skus: [String!]!, $basket: BasketInput!) {
  products(skus: $skus) { sku name taxCode listPrice { amount currencyCode } }
  promotionEvaluation(basket: $basket) {
    total { amount currencyCode } lines { promotionId name discount { amount currencyCode } } } }"""
BASKET = """query Basket($lines: [AvailabilityLineInput!]!) {
  availability(lines: $lines, fulfillment: SHIPPING) {
    sku fulfillable best { status availableToPromise promiseToken freshness { tier ageSeconds } } } }"""
RESERVE = """mutation Reserve($input: InventoryReservationCreateInput!) { inventoryReservationCreate(input: $input) {
  __typename ... on Refusal { code message }
  ... on InventoryReservation { id state expiresAt lines { sku quantity location { id } } } } }"""
RELEASE = """mutation Release($input: InventoryReservationReleaseInput!) { inventoryReservationRelease(input: $input) {
  __typename ... on Refusal { code message } ... on InventoryReservation { state } } }"""
HOLD = """mutation Hold($input: LoyaltyRedemptionHoldInput!) { loyaltyRedemptionHold(input: $input) {
  __typename ... on Refusal { code message }
  ... on LoyaltyRedemption { id state points { value } value { amount currencyCode } } } }"""
VOID = """mutation Void($input: LoyaltyRedemptionVoidInput!) { loyaltyRedemptionVoid(input: $input) {
  __typename ... on Refusal { code message } ... on LoyaltyRedemption { state } } }"""

_ME = "{ me { loyalty { id balance { available { value } } } } }"
_CATALOGUE = "query Catalogue($skus: [String!]!) { products(skus: $skus) { sku listPrice { amount currencyCode } } }"


@dataclass(frozen=True, slots=True)
class Shopper:
    """A customer with points to spend."""

    customer: str
    token: str
    membership: str


class Shop:
    """Makes the operations. `prices` are the list prices by sku; `tokens` the newest promise of each."""

    def __init__(self, asking: Asking, shoppers: list[Shopper], prices: Mapping[str, Mapping[str, str]]) -> None:
        self._asking = asking
        self._shoppers = shoppers
        self._prices = prices
        self._tokens: dict[str, str] = {}
        self._numbers = itertools.count()
        self._dice = random.Random(1)  # noqa: S311 - which basket, not a secret

    def tasks(self, count: int) -> list[Task]:
        """The next `count` operations: prices, basket, reservation and points in turn, shopper after shopper."""
        kinds = (self._price, self._look, self._reserve, self._hold)
        numbers = list(itertools.islice(self._numbers, count))
        return [partial(kinds[number % 4], self._shoppers[number // 4 % len(self._shoppers)]) for number in numbers]

    async def _price(self, shopper: Shopper) -> Ended:
        skus = self._dice.sample(SHOWCASE, BASKET_LINES)
        lines = [{"sku": sku, "quantity": "1", "unitPrice": dict(self._prices[sku])} for sku in skus]
        currency = self._prices[skus[0]]["currencyCode"]
        basket = {"currencyCode": currency, "lines": lines, "customerId": shopper.customer}
        answer = await self._asking.ask(PRICES, {"skus": skus, "basket": basket}, shopper.token)
        if not answer.is_whole:
            return Ended("prices", Outcome.FAILED, answer.trouble)
        priced = all(product and product["listPrice"] for product in answer.data["products"])
        done = priced and answer.data["promotionEvaluation"] is not None
        return Ended("prices", Outcome.DONE if done else Outcome.FAILED, "" if done else "a price is missing")

    async def _look(self, shopper: Shopper) -> Ended:
        skus = self._dice.sample(SHOWCASE, BASKET_LINES)
        lines = [{"sku": sku, "quantity": "1"} for sku in skus]
        answer = await self._asking.ask(BASKET, {"lines": lines}, shopper.token)
        if not answer.is_whole:
            return Ended("basket", Outcome.FAILED, answer.trouble)
        for line in answer.data["availability"]:
            token = ((line and line["best"]) or {}).get("promiseToken")
            if not (line and line["fulfillable"] and token):
                return Ended("basket", Outcome.FAILED, "a line is not promised")
            self._tokens[line["sku"]] = token
        return Ended("basket", Outcome.DONE)

    async def _reserve(self, shopper: Shopper) -> Ended:
        """One line as it was promised, where somebody was promised it, and one as it comes."""
        promised, plain = self._dice.sample(SHOWCASE, RESERVED_LINES)
        lines: list[dict[str, Any]] = [{"sku": plain, "quantity": "1"}, {"sku": promised, "quantity": "1"}]
        if promised in self._tokens:
            lines[1]["promiseToken"] = self._tokens[promised]
        given = {"lines": lines, "idempotencyKey": uuid.uuid4().hex}
        answer = await self._asking.ask(RESERVE, {"input": given}, shopper.token)
        ended, reserved = judged("reservation", answer, "inventoryReservationCreate", "InventoryReservation")
        if reserved is None:
            return ended
        back = {"reservationId": reserved["id"], "idempotencyKey": uuid.uuid4().hex}
        undo = partial(self._give_back, shopper, RELEASE, back, "inventoryReservationRelease", "InventoryReservation")
        return Ended(ended.kind, ended.outcome, undo=undo)

    async def _hold(self, shopper: Shopper) -> Ended:
        given = {"membershipId": shopper.membership, "points": f"{POINTS}", "idempotencyKey": uuid.uuid4().hex}
        answer = await self._asking.ask(HOLD, {"input": given}, shopper.token)
        ended, held = judged("points", answer, "loyaltyRedemptionHold", "LoyaltyRedemption")
        if held is None:
            return ended
        back = {"redemptionId": held["id"], "idempotencyKey": uuid.uuid4().hex}
        undo = partial(self._give_back, shopper, VOID, back, "loyaltyRedemptionVoid", "LoyaltyRedemption")
        return Ended(ended.kind, ended.outcome, undo=undo)

    async def _give_back(self, shopper: Shopper, document: str, given: Any, field: str, wanted: str) -> Ended:
        answer = await self._asking.ask(document, {"input": given}, shopper.token)
        return judged(field, answer, field, wanted)[0]


def judged(kind: str, answer: Answer, field: str, wanted: str) -> tuple[Ended, Mapping[str, Any] | None]:
    """How a mutation ended, and what it made if it did. A system that cannot be asked is a failure and no refusal."""
    result = answer.data.get(field)
    if not answer.is_whole or result is None:
        return Ended(kind, Outcome.FAILED, answer.trouble if not answer.is_whole else "no answer"), None
    name = result["__typename"]
    if name == wanted:
        return Ended(kind, Outcome.DONE), result
    outcome = Outcome.FAILED if name == "BackendUnavailable" else Outcome.REFUSED
    return Ended(kind, outcome, name), None


async def open_shop(asking: Asking) -> Shop:
    """A shop with the shoppers who have points, and today's prices. Raises CannotStart when there are none."""
    shoppers = await shoppers_with_points(asking)
    answer = await asking.ask(_CATALOGUE, {"skus": SHOWCASE}, token_of(SHOPPERS[0]))
    if not shoppers or not answer.is_whole:
        raise CannotStart(f"the bench has nothing to shop with: {len(shoppers)} shoppers, prices {answer.trouble}")
    return Shop(asking, shoppers, {product["sku"]: product["listPrice"] for product in answer.data["products"]})


async def shoppers_with_points(asking: Asking) -> list[Shopper]:
    """The customers of the bench who have points to spend."""
    asked = await asyncio.gather(*(_shopper(asking, customer) for customer in SHOPPERS))
    return [shopper for shopper in asked if shopper is not None]


async def _shopper(asking: Asking, customer: str) -> Shopper | None:
    answer = await asking.ask(_ME, {}, token_of(customer))
    loyalty = (answer.data.get("me") or {}).get("loyalty")
    if not answer.is_whole or loyalty is None or Decimal(loyalty["balance"]["available"]["value"]) < POINTS_NEEDED:
        return None
    return Shopper(customer, token_of(customer), loyalty["id"])
