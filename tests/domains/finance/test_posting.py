"""One state of what an ERP says of a posting."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domains.finance import ErpPostingState, PostingFacts, PostingSubject, posting_state_of

POSTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "QUEUED"),
        ({"document_number": "4500000001"}, "POSTED"),
        ({"document_number": "4500000001", "posted_at": POSTED_AT}, "POSTED"),
        ({"posted_at": POSTED_AT, "failure": "credit limit"}, "POSTED"),
        ({"failure": "credit limit"}, "EXCEPTION"),
        ({"failure": "credit limit", "document_number": "4500000001"}, "EXCEPTION"),
        ({"required": False}, "NOT_REQUIRED"),
        ({"required": False, "failure": "no account"}, "NOT_REQUIRED"),
        ({"required": False, "posted_at": POSTED_AT}, "POSTED"),
    ],
)
def test_what_is_posted_stays_posted(facts: dict[str, Any], state: str) -> None:
    """A posting time outweighs everything, no need outweighs a failure, a failure outweighs a bare number."""
    posting = PostingFacts(subject=PostingSubject.ORDER, id="ord-000001", **facts)
    assert posting_state_of(posting) is ErpPostingState(state)
