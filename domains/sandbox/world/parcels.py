"""Fulfilments of orders: which location handles which lines, and what carriers report of the parcels."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from domains.sandbox.world.rows import Row, instant

CARRIERS = {
    "DHL": ("JJD0003{:010d}", "https://www.dhl.com/de-en/home/tracking.html?tracking-id={}"),
    "DPD": ("0150{:010d}", "https://tracking.dpd.de/status/en_US/parcel/{}"),
    "GLS": ("6058{:08d}", "https://gls-group.eu/track/{}"),
    "UPS": ("1Z999AA1{:010d}", "https://www.ups.com/track?tracknum={}"),
}
_NAMES = tuple(CARRIERS)

_MAIL = ("SHIPPED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED")
_COUNTER = ("READY_FOR_PICKUP", "DELIVERED")
_HOURS = {"SHIPPED": 8, "IN_TRANSIT": 24, "OUT_FOR_DELIVERY": 40, "DELIVERED": 46, "READY_FOR_PICKUP": 4}
HANDED_OVER = frozenset(_MAIL)
"""Statuses under which the goods have left: their quantities count as fulfilled."""


def fulfillment(
    rng: random.Random, id_: str, *, type_: str, status: str, location: str, lines: Sequence[Row], placed: datetime,
    at_once: bool = False,
) -> Row:  # fmt: skip
    """A Fulfillment row. `lines` are {"lineId", "quantity"}; the events lead up to `status`, none before `placed`.

    `at_once` is a sale over the counter: it is handed over when it is placed.
    """
    pace = 0.0 if at_once else 1 - 0.3 * rng.random()
    return {
        "id": id_,
        "type": type_,
        "status": status,
        "locationId": location,
        "lines": list(lines),
        "shipments": _shipments(rng, type_, status, placed, pace),
    }


def _shipments(rng: random.Random, type_: str, status: str, placed: datetime, pace: float) -> list[Row]:
    """One parcel; a collection is a shipment without a carrier. None while nothing is packed."""
    steps = _COUNTER if type_ == "PICKUP" else _MAIL
    if status not in steps:
        return []
    events = [
        {"status": step, "occurredAt": instant(placed + timedelta(hours=_HOURS[step] * pace))}
        for step in steps[: steps.index(status) + 1]
    ]
    if type_ == "PICKUP":
        return [{"events": events}]
    carrier = _NAMES[int(rng.random() * len(_NAMES))]
    number, url = CARRIERS[carrier]
    tracking = number.format(int(rng.random() * 1e8))
    shipment = {
        "carrier": carrier,
        "trackingNumber": tracking,
        "trackingUrl": url.format(tracking),
        "events": events,
        "estimatedDeliveryAt": instant(placed + timedelta(hours=52)),
    }
    return [shipment]


def delivered_at(order: Row, line_id: str) -> str | None:
    """When the line's last delivery happened, as the instant it was written with; None when there was none.

    Instants of one form and zone sort as texts.
    """
    moments = [
        str(event["occurredAt"])
        for part in order.get("fulfillments", ())
        if any(line["lineId"] == line_id for line in part["lines"])
        for shipment in part.get("shipments", ())
        for event in shipment["events"]
        if event["status"] == "DELIVERED"
    ]
    return max(moments, default=None)
