"""Events as their senders make them."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from gateway.events import WebhookSecret, signed_headers

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
KEY = WebhookSecret.parse(SECRET)
NOW = 1_793_620_800.0
POSITION = {"sku": "SKU-1", "locationId": "store-1", "semantics": "ON_HAND", "onHand": "7"}


def cloud_event(id_: str = "e-1", type_: str = "erp.position.changed", **more: Any) -> dict[str, Any]:
    """One CloudEvent about a position, with `more` members or others in their place."""
    event = {"specversion": "1.0", "id": id_, "source": "/erp", "type": type_, "subject": "SKU-1"}
    return event | {"time": "2026-11-01T12:00:00Z", "data": {"sequence": 1, "record": POSITION}} | more


def signed(
    body: object, *, id_: str = "msg-1", at: float = NOW, key: WebhookSecret = KEY
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a signed post in structured mode."""
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return {"content-type": "application/cloudevents+json"} | signed_headers(key, id_, int(at), sent), sent
