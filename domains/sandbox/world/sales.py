"""Orders: what was bought, how far it has come, and what was paid."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta

from domains.sandbox.world.catalogue import SHOWCASE, sku_of
from domains.sandbox.world.courses import ANNAS_ORDERS, COURSES, PICKED_UP, Told
from domains.sandbox.world.parcels import HANDED_OVER, fulfillment
from domains.sandbox.world.people import city_of, customer_id
from domains.sandbox.world.rows import CURRENCY, Row, cents_of, instant, money, stream

Picks = Sequence[tuple[int, int]]


class Sales:
    """Writes the orders of one world. Of every eleven orders one is a guest's, without a customer id."""

    GUEST_EVERY = 11

    def __init__(
        self, seed: int, day: datetime, products: dict[str, Row], locations: dict[str, Row], customers: dict[str, Row]
    ) -> None:
        self._rng = stream(seed, "orders")
        self._day = day
        self._names = {sku: (row["name"], cents_of(row["listPrice"])) for sku, row in products.items()}
        self._skus = list(products)
        self._stores = [id_ for id_, row in locations.items() if row["type"] == "STORE"]
        self._centres = [id_ for id_, row in locations.items() if row["type"] == "WAREHOUSE"]
        self._customers = customers

    def orders(self, count: int) -> dict[str, Row]:
        """`count` Order rows by id: those of cust-00001 first, then everybody's, in no order of time."""
        told = ANNAS_ORDERS[:count]
        rows = [self._order(number, story, 1) for number, story in enumerate(told, start=1)]
        names = list(COURSES)
        ends = list(itertools.accumulate(course.weight for course in COURSES.values()))
        drawn = self._rng.choices(names, cum_weights=ends, k=count - len(rows))
        rows += [
            self._order(number, self._story(name), self._buyer(number))
            for number, name in enumerate(drawn, start=len(rows) + 1)
        ]
        return {row["id"]: row for row in rows}

    def _story(self, course: str) -> Told:
        rng = self._rng
        youngest, oldest = COURSES[course].ages
        age = youngest + int(rng.random() * (oldest - youngest))
        wanted = 1 + int(rng.random() ** 2 * 4) + (course == "partial")
        numbers = {1 + int(rng.random() * len(self._skus)) for _ in range(wanted)}
        if course == "partial" and len(numbers) == 1:
            numbers.add(min(numbers) % len(self._skus) + 1)
        picks = tuple((number, 1 + int(rng.random() ** 3 * 4)) for number in sorted(numbers))
        return Told(course, age, picks, self._stores[int(rng.random() * len(self._stores))])

    def _buyer(self, number: int) -> int | None:
        if number % self.GUEST_EVERY == 0 or len(self._customers) == 1:
            return None
        # cust-00001 has the told orders and no others; low numbers buy more often than high ones.
        return 2 + int(self._rng.random() ** 1.5 * (len(self._customers) - 1))

    def _order(self, number: int, story: Told, buyer: int | None) -> Row:
        course = COURSES[story.course]
        placed = self._day - timedelta(days=story.age_days, seconds=1 + int(self._rng.random() * 50_000))
        lines = self._lines(story)
        row: Row = {
            "id": f"ord-{number:06d}",
            "orderNumber": f"R{100_000_000 + number}",
            "channel": "STORE" if story.course == "counter" else ("WEB", "APP")[number % 2],
            "placedAt": instant(placed),
            "customerId": customer_id(buyer) if buyer else None,
            "email": self._customers[customer_id(buyer)]["email"] if buyer else f"guest.{number}@example.com",
            "postalCode": city_of(buyer or number).postal_code,
            "facts": {
                "lifecycle": course.lifecycle,
                "rejected": course.mark == "rejected",
                "blocked": course.mark == "blocked",
                "inReview": course.mark == "inReview",
                "delivery": course.delivery,
                "raw": course.raw,
            },
            "lines": lines,
            "adjustments": [],
            "total": money(sum(cents_of(line["total"]) for line in lines)),
            "externalIds": [],
        }
        row["fulfillments"] = self._fulfillments(row["id"], story, lines, placed)
        _count_fulfilled(row)
        row["payment"] = _payment(row, story.course)
        self._note_cancellations(row, placed)
        return row

    def _lines(self, story: Told) -> list[Row]:
        rng = self._rng
        lines = []
        for place, (number, pieces) in enumerate(story.picks, start=1):
            sku = sku_of((number - 1) % len(self._skus) + 1)
            name, cents = self._names[sku]
            if rng.random() < 0.25:  # bought in a sale, to the cent
                cents = cents * (90, 85, 80, 70)[number % 4] // 100
            canceled = 0
            if story.course == "canceled":
                canceled = pieces
            elif story.course == "completed" and pieces > 1 and number > SHOWCASE and rng.random() < 0.1:
                canceled = 1  # never of the showcase, whose orders are told
            lines.append({
                "id": f"{place}",
                "sku": sku,
                "name": name,
                "unitPrice": money(cents),
                "total": money(cents * pieces),
                "ordered": str(pieces),
                "fulfilled": "0",
                "canceled": str(canceled),
                "returned": "0",
            })  # fmt: skip
        return lines

    def _fulfillments(self, order_id: str, story: Told, lines: list[Row], placed: datetime) -> list[Row]:
        """One part, or two from two centres: always two when the course has a part here and a part there."""
        rng = self._rng
        parts = COURSES[story.course].parts
        items = [
            {"lineId": line["id"], "quantity": str(int(line["ordered"]) - kept_back)}
            for line in lines
            for kept_back in [0 if story.course == "canceled" else int(line["canceled"])]
        ]
        if story.course in PICKED_UP:
            picked_up = fulfillment(
                rng, f"{order_id}-F1", type_="PICKUP", status=parts[0], location=story.store, lines=items,
                placed=placed, at_once=story.course == "counter",
            )  # fmt: skip
            return [picked_up]
        split = len(items) > 1 and (story.course == "partial" or rng.random() < 0.3)
        groups = [items[:1], items[1:]] if split else [items]
        first = int(rng.random() * len(self._centres))
        return [
            fulfillment(
                rng, f"{order_id}-F{place + 1}", type_="SHIPPING", status=parts[place % len(parts)],
                location=self._centres[(first + place) % len(self._centres)], lines=group, placed=placed,
            )
            for place, group in enumerate(groups)
        ]  # fmt: skip

    def _note_cancellations(self, row: Row, placed: datetime) -> None:
        """An adjustment for what was canceled; where it had been paid, it was refunded too."""
        cents = sum(cents_of(line["unitPrice"]) * int(line["canceled"]) for line in row["lines"])
        if not cents:
            return
        row["adjustments"].append({
            "type": "CANCELLATION",
            "status": "COMPLETED",
            "amount": money(cents),
            "reason": "Canceled by the customer" if row["facts"]["rejected"] else "Out of stock",
            "occurredAt": instant(placed + timedelta(hours=3)),
        })  # fmt: skip
        if "captured" in row["payment"]:
            row["payment"]["refunded"] = money(cents)


def _count_fulfilled(row: Row) -> None:
    lines = {line["id"]: line for line in row["lines"]}
    for part in row["fulfillments"]:
        if part["status"] in HANDED_OVER:
            for item in part["lines"]:
                line = lines[item["lineId"]]
                line["fulfilled"] = str(int(line["fulfilled"]) + int(item["quantity"]))


def _payment(row: Row, course: str) -> Row:
    """Authorized when taken, captured when handed over, voided when canceled."""
    zero = {"amount": "0.00", "currencyCode": CURRENCY}
    facts: Row = {"authorized": row["total"], "voided": course == "canceled", "expired": False}
    if course == "created":
        return {"authorized": zero, "voided": False, "expired": False}
    if row["facts"]["delivery"] == "FULL":
        facts |= {"captured": row["total"], "refunded": zero}
    elif row["facts"]["delivery"] == "PARTIAL":
        cents = sum(cents_of(line["unitPrice"]) * int(line["fulfilled"]) for line in row["lines"])
        facts |= {"captured": money(cents), "refunded": zero}
    return facts
