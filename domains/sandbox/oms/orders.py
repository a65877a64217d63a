"""Orders: found by id, number or customer; taken and canceled."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from domains.sandbox.chassis import (
    Clock,
    Refused,
    Tell,
    maybe_id,
    maybe_text,
    misshapen,
    untold,
    want_money,
    want_objects,
    want_text,
)
from domains.sandbox.oms.reservations import LINES_MAX, Reservations, misses
from domains.sandbox.oms.status import status_of
from domains.sandbox.oms.stock import Hold, Need, Stock
from domains.sandbox.oms.words import ZERO, text_of, want_quantity, written
from domains.sandbox.world import Row, World

CURRENCY = "EUR"
ORDERS_MAX = 200_000
_CENT = Decimal("0.01")


class Orders:
    """The orders of one world, and the ways to find them."""

    def __init__(
        self, world: World, stock: Stock, reservations: Reservations, clock: Clock, tell: Tell = untold
    ) -> None:
        self._tell = tell
        self._rows = world.orders
        self._places = world.locations
        self._names = {sku: row["name"] for sku, row in world.products.items()}
        self._stock = stock
        self._reservations = reservations
        self._clock = clock
        self._count = len(self._rows)
        self._by_number = {row["orderNumber"]: row for row in self._rows.values()}
        self._by_customer: dict[str, list[Row]] = {}
        for row in self._rows.values():
            self._file(row)

    def find(self, id_: str) -> Row | None:
        return self._rows.get(id_)

    def known(self, id_: str) -> Row:
        """An order that is known to exist."""
        return self._rows[id_]

    def by_number(self, number: str) -> Row | None:
        return self._by_number.get(number)

    def of_customer(self, customer_id: str) -> list[Row]:
        """The customer's orders, newest first."""
        rows = self._by_customer.get(customer_id, [])
        return sorted(rows, key=lambda row: (row["placedAt"], row["id"]), reverse=True)

    def create(self, body: dict[str, Any]) -> Row:
        """An OrderDraft made an Order row, under the id and number it brings, if any.

        The reservation, if any, must hold exactly what is ordered; without one the OMS finds the stock itself.
        Raises Refused 422, or 409 ORDER_ID_TAKEN, ORDER_NUMBER_TAKEN, RESERVATION_NOT_OPEN or INSUFFICIENT_STOCK.
        """
        texts = {
            name: maybe_text(body, name) for name in ("customerId", "email", "postalCode", "channel", "redemptionId")
        }
        id_, number = maybe_id(body, "orderId"), maybe_id(body, "orderNumber")
        drafts = want_objects(body, "lines", LINES_MAX, least=1)
        needs = [Need(want_text(line, "sku"), maybe_text(line, "locationId"), want_quantity(line)) for line in drafts]
        prices = [_price(line) for line in drafts]
        reservation_id = maybe_text(body, "reservationId")
        if id_ in self._rows:
            raise Refused(409, "ORDER_ID_TAKEN", f"There is an order {id_} already.")
        if number in self._by_number:
            raise Refused(409, "ORDER_NUMBER_TAKEN", f"There is an order {number} already.")
        if len(self._rows) >= ORDERS_MAX:
            raise Refused(503, "FULL", "The sandbox holds as many orders as it may. Start it again.")
        if reservation_id is None:
            self._reservations.expire()
            holds = self._stock.plan(needs)
            self._stock.hold(holds)
        else:
            holds = self._reservations.open_holds(reservation_id)
            misses(holds, needs)
            self._reservations.commit(reservation_id)
        id_, number = self._name(id_, number)
        row = self._take(id_, number, texts, self._lines(needs, prices), holds)
        self.changed(row)
        return row

    def cancel(self, id_: str) -> Row:
        """Cancel all of an order of which nothing has left. Refused 409 ORDER_NOT_FOUND or ILLEGAL_TRANSITION."""
        row = self._rows.get(id_)
        if row is None:
            raise Refused(409, "ORDER_NOT_FOUND", f"There is no order {id_}.")
        status = status_of(row)
        if status in ("CANCELED", "COMPLETED") or row["facts"]["delivery"] != "NONE":
            raise Refused(409, "ILLEGAL_TRANSITION", f"Order {id_} is {status} and cannot be canceled.", state=status)
        skus = {line["id"]: line["sku"] for line in row["lines"]}
        for part in row["fulfillments"]:
            part["status"] = "CANCELED"
            self._stock.let_go(
                Hold(skus[item["lineId"]], part["locationId"], Decimal(item["quantity"]), True)
                for item in part["lines"]
            )
        for line in row["lines"]:
            line["canceled"] = line["ordered"]
        row["facts"] |= {"rejected": True, "raw": "CANCELLED"}
        row["payment"]["voided"] = True
        row["adjustments"].append({
            "type": "CANCELLATION",
            "status": "COMPLETED",
            "amount": row["total"],
            "reason": "Canceled on request",
            "occurredAt": written(self._clock()),
        })  # fmt: skip
        self.changed(row)
        return row

    def changed(self, row: Row) -> None:
        """Tell whoever listens what has become of an order."""
        self._tell("oms.order.changed", row["id"], row)

    def _name(self, id_: str | None, number: str | None) -> tuple[str, str]:
        """Id and number of a new order. The OMS's own step over those that callers chose."""
        while True:
            self._count += 1
            named = id_ or f"ord-{self._count:06d}", number or f"R{100_000_000 + self._count}"
            if named[0] not in self._rows and named[1] not in self._by_number:
                return named

    def _take(self, id_: str, number: str, texts: dict[str, str | None], lines: list[Row], holds: list[Hold]) -> Row:
        facts = {"lifecycle": "CREATED", "rejected": False, "blocked": False, "inReview": False}
        row: Row = {
            **texts,
            "id": id_,
            "orderNumber": number,
            "placedAt": written(self._clock()),
            "facts": facts | {"delivery": "NONE", "raw": "NEW"},
            "payment": {"voided": False, "expired": False},
            "lines": lines,
            "fulfillments": self._fulfillments(id_, lines, holds),
            "adjustments": [],
            "total": _money(sum((Decimal(line["total"]["amount"]) for line in lines), ZERO)),
            "externalIds": [],
        }
        self._rows[id_] = row
        self._by_number[row["orderNumber"]] = row
        self._file(row)
        return row

    def _file(self, row: Row) -> None:
        if row["customerId"]:
            self._by_customer.setdefault(row["customerId"], []).append(row)

    def _lines(self, needs: list[Need], prices: list[Decimal]) -> list[Row]:
        return [
            {
                "id": f"{place}",
                "sku": need.sku,
                "name": self._names.get(need.sku),
                "unitPrice": _money(price),
                "total": _money(price * need.quantity),
                "ordered": text_of(need.quantity),
                "fulfilled": "0",
                "canceled": "0",
                "returned": "0",
            }
            for place, (need, price) in enumerate(zip(needs, prices, strict=True), start=1)
        ]

    def _fulfillments(self, order_id: str, lines: list[Row], holds: list[Hold]) -> list[Row]:
        """One part per location and way: what was reserved at a named shop is collected there, the rest is sent."""
        parts: dict[tuple[str, str], dict[str, Decimal]] = {}
        open_lines = [[line["id"], line["sku"], Decimal(line["ordered"])] for line in lines]
        for hold in holds:
            shop = hold.chosen and self._places[hold.location_id]["type"] == "STORE"
            items = parts.setdefault(("PICKUP" if shop else "SHIPPING", hold.location_id), {})
            left = hold.quantity
            for line in open_lines:
                part = min(left, line[2]) if line[1] == hold.sku else ZERO
                if part > 0:
                    items[line[0]] = items.get(line[0], ZERO) + part
                    line[2] -= part
                    left -= part
        return [
            {
                "id": f"{order_id}-F{place}",
                "type": type_,
                "status": "PENDING",
                "locationId": location_id,
                "lines": [{"lineId": id_, "quantity": text_of(quantity)} for id_, quantity in items.items()],
                "shipments": [],
            }
            for place, ((type_, location_id), items) in enumerate(parts.items(), start=1)
        ]


def _price(line: Row) -> Decimal:
    amount, currency = want_money(line, "unitPrice")
    if currency != CURRENCY or amount < 0:
        raise misshapen(f"`unitPrice` must be in {CURRENCY} and not below 0.")
    return amount


def _money(amount: Decimal) -> Row:
    return {"amount": format(amount.quantize(_CENT, rounding=ROUND_HALF_EVEN), "f"), "currencyCode": CURRENCY}
