"""What came of comparing the books of several systems with each other."""

from __future__ import annotations

from typing import NamedTuple

from domains.vocabulary import Instant, Record


class Mismatch(Record, frozen=True, kw_only=True):
    """Two systems, or a system and the journal, do not say the same of `key`, a public id where it has one.

    `what` names what they were asked ("its ERP document"); `expected` is what follows from the journal, `found` what
    the system says, both in words for people.
    """

    key: str
    what: str
    expected: str
    found: str


class Reconciliation(Record, frozen=True, kw_only=True):
    """One run over a subject ("orders"): `checked` things, of which `matched` had no mismatch.

    Of very many mismatches the first are named. `finished_at` None: it is under way, or was interrupted and will be
    taken up again.
    """

    id: str
    subject: str
    checked: int
    matched: int
    mismatches: tuple[Mismatch, ...] = ()
    ran_at: Instant
    finished_at: Instant | None = None


class ReconciliationQuery(NamedTuple):
    """A page of runs, newest first. `after` is the id of the last one seen, `id` the only one that is wanted."""

    first: int
    after: str | None = None
    subject: str | None = None
    id: str | None = None
