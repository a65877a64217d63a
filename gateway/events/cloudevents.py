"""CloudEvents 1.0 out of an HTTP request, in each of the three modes.

CloudEvents HTTP protocol binding 1.0.2: structured (`application/cloudevents+json`), batched
(`application/cloudevents-batch+json`) and binary (`ce-` headers, the data as the body). A body without any of them is
taken for a Standard Webhook: `{"type": ..., "timestamp": ..., "data": {...}}`, named by its `webhook-id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from domains.durable import Event
from domains.vocabulary import Instant

BATCH_MAX = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# One line, as the specification has it (CloudEvents 1.0.2, 3.1); a database may refuse to keep a null byte.
_LINE = r"\A[^\x00-\x1f\x7f]*\Z"
_Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=_LINE)]
_Text = Annotated[str, Meta(max_length=255, pattern=_LINE)]


class EventUnreadable(ValueError):
    """Not an event. The message says what is missing or wrong, and repeats nothing of the body."""


class _Structured(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str
    id: _Name
    source: _Name
    type: _Name
    time: Instant | None = None
    subject: _Text | None = None
    sequence: int | str | None = None
    correlationid: _Text | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Webhook(msgspec.Struct, frozen=True, kw_only=True):
    type: _Name
    timestamp: Instant | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_one = msgspec.json.Decoder(_Structured)
_many = msgspec.json.Decoder(Annotated[list[_Structured], Meta(max_length=BATCH_MAX)])
_webhook = msgspec.json.Decoder(_Webhook)
_anything = msgspec.json.Decoder(msgspec.Raw)


def read_events(
    headers: Mapping[str, str], body: bytes, source: str, webhook_id: str | None, now: Instant
) -> list[Event]:
    """The events of one request, in their order. `source` is whose door it came through. Raises EventUnreadable."""
    media = headers.get("content-type", "").split(";")[0].strip().lower()
    try:
        if media == "application/cloudevents+json":
            return [_event(_one.decode(body), now)]
        if media == "application/cloudevents-batch+json":
            return [_event(one, now) for one in _many.decode(body)]
        if "ce-specversion" in headers:
            return [_event(_binary(headers, body), now)]
        return [_told(_webhook.decode(body), source, webhook_id, now)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:  # ValidationError is one of the first
        raise EventUnreadable(str(exc)) from exc


def _binary(headers: Mapping[str, str], body: bytes) -> _Structured:
    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    attributes.pop("data", None)  # the body is the data, whatever a header is called
    said = msgspec.convert(attributes, _Structured, strict=False)
    return msgspec.structs.replace(said, data=_anything.decode(body)) if body else said


def _event(said: _Structured, now: Instant) -> Event:
    if said.specversion != "1.0":
        raise EventUnreadable("Expected `specversion` 1.0")
    return Event(
        id=said.id,
        type=said.type,
        source=said.source,
        time=_when(said.time, now),
        subject=said.subject,
        sequence=_number(said.sequence),
        correlation_id=said.correlationid,
        data=_whole(said.data),
    )


def _told(said: _Webhook, source: str, webhook_id: str | None, now: Instant) -> Event:
    if webhook_id is None:
        raise EventUnreadable("Neither a CloudEvent nor a Standard Webhook: there is no `webhook-id`")
    return Event(id=webhook_id, type=said.type, source=source, time=_when(said.timestamp, now), data=_whole(said.data))


def _when(given: Instant | None, now: Instant) -> Instant:
    """What is told as of later is as of now, or it would count as fresh for longer than it is. What is before 1970 is
    a field that nobody filled in: the zero of some language, which others cannot even calculate with."""
    return given if given is not None and _EPOCH <= given <= now else now


def _number(given: int | str | None) -> int | None:
    """The sequence extension (CloudEvents extensions/sequence.md) is text; what is no number orders nothing here."""
    if isinstance(given, str):
        return int(given) if given.isascii() and given.isdigit() and len(given) <= len("9223372036854775807") else None
    return given


def _whole(data: msgspec.Raw) -> msgspec.Raw:
    """A copy: what was decoded points into the request's body. Raises UnicodeDecodeError: it is kept as text."""
    copied = bytes(data)
    copied.decode()
    return msgspec.Raw(copied)
