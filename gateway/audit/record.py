"""One line of the audit log."""

from __future__ import annotations

import enum

import msgspec

NAME_MAX = 128
"""Characters of a name that a client made up: of an operation, or of a field that does not exist."""


class Outcome(enum.Enum):
    """What came of a mutation.

    REFUSED is an answer: by the rules of the business, or before anything ran. FAILED says that it raised, and UNKNOWN
    that whoever asked went away, or its time was up, before it ended: it may have been carried out.
    """

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


# A struct, which is made in a fifth of the time of a frozen dataclass: callers wait for each.
class AuditRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One mutation field of one operation that was asked.

    `at` is in seconds since the epoch. `client` is the address it was asked from, as far as trusted hops tell. It says
    nothing of the input: `document` is the SHA-256 digest of the text, `key` the caller's idempotency key, and `named`
    the ids that stand in the answer, as JSON. `answer` is the type of the answer or of the refusal, `code` that of a
    refusal or an error. `replayed`: nothing was done, for a repeat is answered as the first was. `unrecorded` counts
    refusals of this caller before this one that were too many to be recorded one by one.
    """

    id: str
    at: float
    subject: str
    audience: str
    customer: str | None
    store: str | None
    client: str | None
    correlation_id: str | None
    operation: str | None
    coordinate: str
    field: str | None
    document: str
    key: str | None
    outcome: str
    answer: str | None
    code: str | None
    named: str | None
    replayed: bool
    unrecorded: int
