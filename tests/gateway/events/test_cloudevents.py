"""The three modes of CloudEvents, and Standard Webhooks without one."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from gateway.events.cloudevents import BATCH_MAX, EventUnreadable, read_events
from tests.gateway.events.posting import cloud_event

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}
BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "e-1",
    "ce-source": "/erp",
    "ce-type": "erp.position.changed",
    "ce-subject": "SKU%201",
    "ce-sequence": "17",
    "ce-time": "2026-11-01T11:00:00Z",
}


def test_each_mode_says_the_same() -> None:
    """A structured event, a batch of one and a binary one with the same members are read alike."""
    one = cloud_event(subject="SKU 1", sequence="17", time="2026-11-01T11:00:00Z", data={"a": 1})
    structured = read_events(STRUCTURED, msgspec.json.encode(one), "erp", "m", NOW)
    batched = read_events(BATCHED, msgspec.json.encode([one]), "erp", "m", NOW)
    binary = read_events(BINARY, b'{"a":1}', "erp", "m", NOW)
    assert structured == batched == binary
    assert (structured[0].sequence, structured[0].subject, bytes(structured[0].data)) == (17, "SKU 1", b'{"a":1}')


def test_a_webhook_without_cloudevents_is_named_by_its_own_id() -> None:
    """`{"type", "timestamp", "data"}` of Standard Webhooks is an event of the source that it came from."""
    body = b'{"type":"order.shipped","timestamp":"2026-11-01T10:00:00Z","data":{"id":"1"}}'
    (event,) = read_events({"content-type": "application/json"}, body, "shop", "msg-9", NOW)
    assert (event.id, event.type, event.source, bytes(event.data)) == ("msg-9", "order.shipped", "shop", b'{"id":"1"}')


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (STRUCTURED, b""),
        (STRUCTURED, b"{"),
        (STRUCTURED, b"[]"),
        (STRUCTURED, msgspec.json.encode(cloud_event(specversion="0.3"))),
        (STRUCTURED, msgspec.json.encode(cloud_event(id_=""))),
        (STRUCTURED, msgspec.json.encode(cloud_event(subject="s" * 256))),
        (STRUCTURED, msgspec.json.encode(cloud_event(time="yesterday"))),
        (BATCHED, msgspec.json.encode([cloud_event()] * (BATCH_MAX + 1))),
        (BINARY | {"ce-id": ""}, b"{}"),
        (STRUCTURED, msgspec.json.encode(cloud_event(id_="a\u0000"))),
        (STRUCTURED, b'{"specversion":"\xff"}'),
        (STRUCTURED, msgspec.json.encode(cloud_event(data="x")).replace(b'"x"', b'"\xff"')),
        (STRUCTURED, msgspec.json.encode(cloud_event(data="x")).replace(b'"x"', b"[" * 100_000 + b"]" * 100_000)),
        (BINARY, b"not json"),
        ({"content-type": "application/json"}, b'{"data":1}'),
        ({"content-type": "application/json"}, b"\xff"),
    ],
)
def test_what_is_no_event_is_told(headers: dict[str, str], body: bytes) -> None:
    """A body that is cut, of another version, without a name, too long or not text is unreadable, not a fault."""
    with pytest.raises(EventUnreadable):
        read_events(headers, body, "erp", "m", NOW)


@pytest.mark.parametrize(
    ("time", "meant"),
    [
        ("2026-11-01T11:59:59Z", datetime(2026, 11, 1, 11, 59, 59, tzinfo=UTC)),
        ("2026-11-01T12:00:01Z", NOW),
        ("9999-12-31T23:59:59.999999Z", NOW),
        ("9999-12-31T23:59:59-14:00", NOW),
        ("0001-01-01T00:00:00Z", NOW),
        ("0001-01-01T00:00:00+14:00", NOW),
    ],
)
def test_a_time_that_cannot_be_is_now(time: str, meant: datetime) -> None:
    """What is told as of later, or as of the zero of some language, is as of now: every time of an event can be kept
    as seconds and read again, and makes nothing fresher than it is."""
    webhook = msgspec.json.encode({"type": "t", "timestamp": time})
    (event,) = read_events(STRUCTURED, msgspec.json.encode(cloud_event(time=time)), "erp", "m", NOW)
    (told,) = read_events({"content-type": "application/json"}, webhook, "erp", "m", NOW)
    assert event.time == told.time == meant
    assert datetime.fromtimestamp(event.time.timestamp(), UTC) == meant


@pytest.mark.parametrize("sequence", ["x", "-1", "9" * 30, "", "٣"])
def test_a_sequence_that_is_no_number_orders_nothing(sequence: str) -> None:
    """The sequence extension is any text; what cannot be counted is left out and the event stays."""
    (event,) = read_events(STRUCTURED, msgspec.json.encode(cloud_event(sequence=sequence)), "erp", "m", NOW)
    assert event.sequence is None
