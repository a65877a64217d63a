"""Vendors invent words."""

import msgspec

from domains.orders import FulfillmentStatus, Shipment


def test_a_word_nobody_knows_is_unknown_and_garbles_nothing_else() -> None:
    """One shipment event in a state we never heard of is UNKNOWN; the event beside it is read as it is."""
    events = [{"status": word, "occurredAt": "2026-11-21T10:00:00Z"} for word in ("TELEPORTED", "SHIPPED")]
    shipment = msgspec.json.decode(msgspec.json.encode({"events": events}), type=Shipment)
    assert [event.status for event in shipment.events] == [FulfillmentStatus.UNKNOWN, FulfillmentStatus.SHIPPED]
