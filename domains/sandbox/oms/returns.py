"""Returns: recorded, received, canceled; and what a sale has open."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from domains.sandbox.chassis import (
    Clock,
    Refused,
    Tell,
    maybe_id,
    maybe_text,
    misshapen,
    untold,
    want_member,
    want_money,
    want_objects,
    want_text,
)
from domains.sandbox.oms.orders import Orders
from domains.sandbox.oms.reservations import LINES_MAX
from domains.sandbox.oms.stock import Stock
from domains.sandbox.oms.words import (
    DISPOSITIONS,
    REFUND_TYPES,
    RETURN_METHODS,
    RETURN_REASONS,
    ZERO,
    text_of,
    want_quantity,
    written,
)
from domains.sandbox.world import Row, World, delivered_at

RMA_DAYS = 30
_AWAITED = frozenset({"AUTHORIZED", "PARTIALLY_RECEIVED"})
_REQUESTED = frozenset({"REQUESTED"})
_CANCELABLE = frozenset({"REQUESTED", "AUTHORIZED"})
_SALE_MEMBERS = ("id", "sku", "ordered", "fulfilled", "canceled", "returned", "total")


class Returns:
    """The returns of one world, and the ways to find them."""

    def __init__(self, world: World, orders: Orders, stock: Stock, clock: Clock, tell: Tell = untold) -> None:
        self._tell = tell
        self._rows = world.returns
        self._orders = orders
        self._stock = stock
        self._clock = clock
        self._count = len(self._rows)
        self._by_rma = {row["rmaNumber"]: row for row in self._rows.values()}
        self._by_order: dict[str, list[Row]] = {}
        self._by_customer: dict[str, list[Row]] = {}
        for row in self._rows.values():
            self._file(row)

    def find(self, id_: str) -> Row | None:
        return self._rows.get(id_)

    def by_rma(self, number: str) -> Row | None:
        return self._by_rma.get(number)

    def of_order(self, order_id: str) -> list[Row]:
        return self._by_order.get(order_id, [])

    def of_customer(self, customer_id: str) -> list[Row]:
        """The customer's returns, newest first."""
        rows = self._by_customer.get(customer_id, [])
        return sorted(rows, key=lambda row: (row["createdAt"], row["id"]), reverse=True)

    def sale(self, order_id: str) -> Row | None:
        """The Sale row of an order: its lines with what is on its way back and when it was delivered."""
        order = self._orders.find(order_id)
        if order is None:
            return None
        lines = [
            {name: line[name] for name in _SALE_MEMBERS}
            | {
                "openReturns": text_of(self.open_returns(order_id, line["id"])),
                "deliveredAt": delivered_at(order, line["id"]),
            }
            for line in order["lines"]
        ]
        return {
            "orderId": order_id,
            "customerId": order["customerId"],
            "placedAt": order["placedAt"],
            "lines": lines,
        }

    def open_returns(self, order_id: str, line_id: str) -> Decimal:
        """Pieces of the line in returns that are requested or authorized and not yet received."""
        return sum(
            (
                _awaited(row, line)
                for row in self.of_order(order_id)
                for line in row["lines"]
                if line["orderLineId"] == line_id
            ),
            ZERO,
        )

    def create(self, body: dict[str, Any], *, authorized: bool = True) -> Row:
        """A ReturnDraft made a ReturnAuthorization row, under the id and RMA number it brings, if any.

        What may come back is what was fulfilled and neither came back nor is on its way back. Unless it is
        `authorized` it waits for `approve` or `decline`. Raises Refused 422, or 409 ORDER_NOT_FOUND, QUANTITY_EXCEEDED,
        RETURN_ID_TAKEN or RMA_NUMBER_TAKEN.
        """
        facts = _facts(body)
        drafts = [_draft_line(line, authorized) for line in want_objects(body, "lines", LINES_MAX, least=1)]
        id_, number = maybe_id(body, "returnId"), maybe_id(body, "rmaNumber")
        order = self._orders.find(facts["orderId"])
        if order is None:
            raise Refused(409, "ORDER_NOT_FOUND", f"There is no order {facts['orderId']}.")
        if id_ in self._rows:
            raise Refused(409, "RETURN_ID_TAKEN", f"There is a return {id_} already.")
        if number in self._by_rma:
            raise Refused(409, "RMA_NUMBER_TAKEN", f"There is a return {number} already.")
        self._check(order, drafts)
        now = self._clock()
        id_, number = self._name(id_, number)
        row: Row = {
            **facts,
            "id": id_,
            "rmaNumber": number,
            "status": "AUTHORIZED" if authorized else "REQUESTED",
            "provisional": False,
            "customerId": order["customerId"],
            "lines": [{"id": f"{place}"} | line for place, line in enumerate(drafts, start=1)],
            "pointsReversed": None,
            "expiresAt": written(now + timedelta(days=RMA_DAYS)) if authorized else None,
            "createdAt": written(now),
        }
        self._rows[id_] = row
        self._by_rma[number] = row
        self._file(row)
        return self._changed(row)

    def approve(self, id_: str) -> Row:
        """Authorize a requested return. Raises Refused 409 RETURN_NOT_FOUND or ILLEGAL_TRANSITION."""
        row = self._in(id_, _REQUESTED, "approved")
        for line in row["lines"]:
            line["quantityAuthorized"] = line["quantityRequested"]
        row |= {"status": "AUTHORIZED", "expiresAt": written(self._clock() + timedelta(days=RMA_DAYS))}
        return self._changed(row)

    def decline(self, id_: str, body: dict[str, Any]) -> Row:
        """Say no to a requested return. Raises Refused as `approve`, or 422."""
        reason = want_text(body, "reason")
        row = self._in(id_, _REQUESTED, "declined")
        row |= {"status": "DECLINED", "declineReason": reason}
        return self._changed(row)

    def receive(self, id_: str, body: dict[str, Any]) -> Row:
        """Take goods in. Raises Refused 422, or 409 RETURN_NOT_FOUND, ILLEGAL_TRANSITION or QUANTITY_EXCEEDED.

        A piece that is MISSING is not received and no longer awaited; a RESTOCKED one is on hand again, where the
        return was authorized or at the first distribution centre.
        """
        receipts = [
            (want_text(line, "lineId"), want_quantity(line), want_member(line, "disposition", DISPOSITIONS))
            for line in want_objects(body, "lines", LINES_MAX, least=1)
        ]
        row = self._in(id_, _AWAITED, "received")
        lines = {line["id"]: line for line in row["lines"]}
        wanted: dict[str, Decimal] = {}
        for line_id, quantity, _ in receipts:
            if line_id not in lines:
                raise misshapen(f"Return {id_} has no line {line_id}.")
            wanted[line_id] = wanted.get(line_id, ZERO) + quantity
        for line_id, quantity in wanted.items():
            _refuse_beyond(_awaited(row, lines[line_id]), quantity, f"Line {line_id} of return {id_}")
        for line_id, quantity, disposition in receipts:
            self._take_in(row, lines[line_id], quantity, disposition)
        awaited = any(_awaited(row, line) for line in row["lines"])
        if any(Decimal(line["quantityReceived"]) for line in row["lines"]):
            row["status"] = "PARTIALLY_RECEIVED" if awaited else "RECEIVED"
        elif not awaited:
            row["status"] = "CLOSED"
        self._orders.changed(self._orders.known(row["orderId"]))
        return self._changed(row)

    def cancel(self, id_: str) -> Row:
        """Raises Refused 409 RETURN_NOT_FOUND, or ILLEGAL_TRANSITION once goods came back or it is over."""
        row = self._in(id_, _CANCELABLE, "canceled")
        row["status"] = "CANCELED"
        return self._changed(row)

    def _changed(self, row: Row) -> Row:
        self._tell("oms.return.changed", row["id"], row)
        return row

    def _name(self, id_: str | None, number: str | None) -> tuple[str, str]:
        """Id and RMA number of a new return. The OMS's own step over those that callers chose."""
        while True:
            self._count += 1
            named = id_ or f"ret-{self._count:06d}", number or f"RMA-{self._count:06d}"
            if named[0] not in self._rows and named[1] not in self._by_rma:
                return named

    def _in(self, id_: str, statuses: frozenset[str], verb: str) -> Row:
        row = self._rows.get(id_)
        if row is None:
            raise Refused(409, "RETURN_NOT_FOUND", f"There is no return {id_}.")
        if row["status"] not in statuses:
            status = row["status"]
            raise Refused(409, "ILLEGAL_TRANSITION", f"Return {id_} is {status} and cannot be {verb}.", state=status)
        return row

    def _check(self, order: Row, drafts: list[Row]) -> None:
        lines = {line["id"]: line for line in order["lines"]}
        wanted: dict[str, Decimal] = {}
        for draft in drafts:
            line_id = draft["orderLineId"]
            if line_id not in lines:
                raise misshapen(f"Order {order['id']} has no line {line_id}.")
            wanted[line_id] = wanted.get(line_id, ZERO) + Decimal(draft["quantityRequested"])
        for line_id, quantity in wanted.items():
            line = lines[line_id]
            back = Decimal(line["returned"]) + self.open_returns(order["id"], line_id)
            _refuse_beyond(Decimal(line["fulfilled"]) - back, quantity, f"Line {line_id} of order {order['id']}")

    def _take_in(self, row: Row, line: Row, quantity: Decimal, disposition: str) -> None:
        line["disposition"] = disposition
        if disposition == "MISSING":
            line["quantityAuthorized"] = text_of(Decimal(line["quantityAuthorized"]) - quantity)
            return
        line["quantityReceived"] = text_of(Decimal(line["quantityReceived"]) + quantity)
        order = self._orders.known(row["orderId"])
        bought = next(part for part in order["lines"] if part["id"] == line["orderLineId"])
        bought["returned"] = text_of(Decimal(bought["returned"]) + quantity)
        if disposition == "RESTOCKED":
            self._stock.restock(bought["sku"], row["authorizedAt"], quantity)

    def _file(self, row: Row) -> None:
        self._by_order.setdefault(row["orderId"], []).append(row)
        if row["customerId"]:
            self._by_customer.setdefault(row["customerId"], []).append(row)


def _awaited(row: Row, line: Row) -> Decimal:
    if row["status"] == "REQUESTED":
        return Decimal(line["quantityRequested"])
    if row["status"] in _AWAITED:
        return Decimal(line["quantityAuthorized"]) - Decimal(line["quantityReceived"])
    return ZERO


def _refuse_beyond(available: Decimal, wanted: Decimal, what: str) -> None:
    if wanted > available:
        left = text_of(max(available, ZERO))
        raise Refused(409, "QUANTITY_EXCEEDED", f"{what} has {left} left, not {text_of(wanted)}.", available=left)


def _facts(body: dict[str, Any]) -> Row:
    """The members of a ReturnDraft that are kept as they are."""
    fees = want_objects(body, "fees", LINES_MAX) if "fees" in body else []
    for fee in fees:
        want_text(fee, "reason")
        want_money(fee, "amount")
    if body.get("estimatedRefund") is not None:
        want_money(body, "estimatedRefund")
    return {
        "orderId": want_text(body, "orderId"),
        "method": want_member(body, "method", RETURN_METHODS),
        "refundType": want_member(body, "refundType", REFUND_TYPES),
        "estimatedRefund": body.get("estimatedRefund"),
        "fees": fees,
        "authorizedAt": maybe_text(body, "authorizedAt"),
    }


def _draft_line(line: Row, authorized: bool) -> Row:
    quantity = text_of(want_quantity(line))
    return {
        "orderLineId": want_text(line, "orderLineId"),
        "quantityRequested": quantity,
        "quantityAuthorized": quantity if authorized else "0",
        "quantityReceived": "0",
        "reason": want_member(line, "reason", RETURN_REASONS),
        "note": maybe_text(line, "note"),
        "disposition": None,
    }
