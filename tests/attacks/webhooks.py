"""What comes to the door of the outside systems from somebody who is none of them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from gateway.events import WebhookSecret, signed_headers
from tests.attacks.house import TRAP, WEBHOOK_SECRET
from tests.attacks.row import Attack, Family
from tests.attacks.wire import request

OURS = WebhookSecret.parse(WEBHOOK_SECRET)
THEIRS = WebhookSecret(b"made up by somebody, of some length")
CLOUDEVENT = "application/cloudevents+json"
REFUSED, DAY_S = "NOT_AUTHENTIC", 86_400
NOW = int(time.time())
URL = f"http://{TRAP}/latest/meta-data"

source, signature, told = Family("source"), Family("signature"), Family("event")


def _event(**beside: object) -> bytes:
    record = {"id": "ord-000001", "callback": URL, "trackingUrl": URL, "$ref": URL}
    said = {
        "specversion": "1.0",
        "id": "e-1",
        "source": URL,
        "type": "oms.order.changed",
        "data": {"record": record},
    }
    return json.dumps(said | {"dataschema": URL, "dataref": URL} | beside).encode()


def _post(
    body: bytes,
    *,
    to: str = "oms",
    by: WebhookSecret = OURS,
    at: int = NOW,
    content_type: str = CLOUDEVENT,
    id_: str = "msg-1",
    changed: Mapping[str, str | None] | None = None,
) -> bytes:
    """`changed` are headers that say something else than what was signed; None takes one out."""
    headers: dict[str, str | None] = {**signed_headers(by, id_, at, body), **(changed or {})}
    more = [(name, value) for name, value in headers.items() if value is not None]
    return request("POST", f"/events/{to}", body, content_type=content_type, accept=None, more=more)


FINE = _event()
SIGNED = signed_headers(OURS, "msg-1", NOW, FINE)["webhook-signature"]

ROWS: tuple[Attack, ...] = (
    source("that nobody knows", _post(FINE, to="erp"), 401, REFUSED),
    source("out of the folder", _post(FINE, to="..%2f..%2foms"), 404, None),
    source("with a null byte", _post(FINE, to="oms%00"), 401, REFUSED),
    source("of 10,000 letters", _post(FINE, to="o" * 10_000), 401, REFUSED),
    source("asked by GET", request("GET", "/events/oms"), 405, None),

    signature("none", _post(FINE, changed={"webhook-signature": None}), 401, REFUSED),
    signature("an empty one", _post(FINE, changed={"webhook-signature": ""}), 401, REFUSED),
    signature("of somebody else", _post(FINE, by=THEIRS), 401, REFUSED),
    signature("of another version", _post(FINE, changed={"webhook-signature": SIGNED.replace("v1,", "v0,")}), 401,
              REFUSED),
    signature("of another kind", _post(FINE, changed={"webhook-signature": SIGNED.replace("v1,", "v1a,")}), 401,
              REFUSED),
    signature("1,000 of them", _post(FINE, changed={"webhook-signature": "v1,AAAA " * 1000}), 401, REFUSED),
    signature("of other letters", _post(FINE, changed={"webhook-signature": "v1,\xe9\xff"}), 401, REFUSED),
    signature("the right one, second of two headers",
              _post(FINE, changed={"webhook-signature": "v1,AAAA", "Webhook-Signature": SIGNED}), 401, REFUSED),
    signature("of another body", _post(FINE + b" ", changed={"webhook-signature": SIGNED}), 401, REFUSED),
    signature("of another id", _post(FINE, changed={"webhook-id": "msg-2"}), 401, REFUSED),
    signature("no id", _post(FINE, changed={"webhook-id": None}), 401, REFUSED),
    signature("of yesterday", _post(FINE, at=NOW - DAY_S), 401, REFUSED),
    signature("of tomorrow", _post(FINE, at=NOW + DAY_S), 401, REFUSED),
    signature("of a time before time", _post(FINE, at=-1), 401, REFUSED),
    signature("of a time of 5,000 digits", _post(FINE, changed={"webhook-timestamp": "9" * 5000}), 401, REFUSED),
    signature("of a time in other digits", _post(FINE, changed={"webhook-timestamp": "\xb2\xb3"}), 401, REFUSED),

    told("512 KiB", _post(b" " * 524_288), 413, "BODY_TOO_LARGE"),
    told("20 MiB, announced", request("POST", "/events/oms", more=[("Content-Length", "20971520")], framed=False), 413,
         "BODY_TOO_LARGE"),
    told("that names addresses of ours", _post(FINE, id_="msg-a"), 202, None),
    told("again, word for word", _post(FINE, id_="msg-a"), 202, None),
    told("no JSON", _post(b"<xml/>", id_="msg-b"), 202, None),
    told("XML with an entity of ours", _post(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
                                             content_type="application/xml", id_="msg-c"), 202, None),
    told("of a type that nobody knows", _post(_event(type="evil.v1", id="e-2"), id_="msg-d"), 202, None),
    told("100,000 levels deep", _post(b"[" * 100_000 + b"]" * 100_000, id_="msg-e"), 202, None),
    told("data 100,000 levels deep",
         _post(FINE.replace(b'"ord-000001"', b"[" * 100_000 + b"]" * 100_000), id_="msg-i"), 202, None),
    told("data in invalid UTF-8",
         _post(_event(id="e-4", type="oms.order.changed").replace(b"ord-000001", b"\xff\xfe"), id_="msg-j"), 202, None),
    told("an id with a null byte", _post(_event(id="e\u00006"), id_="msg-l"), 202, None),
    told("data that is no order",
         _post(_event(id="e-5", type="oms.order.changed", data={"record": {"id": ["x"]}}), id_="msg-k"), 202, None),
    told("of a type of 20,000 letters", _post(_event(type="a" * 20_000, id="e-3"), id_="msg-f"), 202, None),
    told("an id of 20,000 letters", _post(_event(id="a" * 20_000), id_="msg-g"), 202, None),
    told("invalid UTF-8", _post(b'{"specversion":"\xff"}', id_="msg-h"), 202, None),
)  # fmt: skip
