"""What happened, told to others."""

from __future__ import annotations

import msgspec

from domains.vocabulary import Instant, Record


class Event(Record, frozen=True, kw_only=True):
    """One event with the members of CloudEvents 1.0 (github.com/cloudevents/spec, v1.0.2).

    `type` as in "retail.order.accepted.v1". `subject` is the public id of what it is about; events of one subject are
    told and taken in the order of `sequence`, where the source gives one. `data` is JSON.
    """

    id: str
    type: str
    source: str
    time: Instant
    subject: str | None = None
    sequence: int | None = None
    correlation_id: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
