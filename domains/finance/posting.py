"""How far a posting has come."""

from domains.finance.model import ErpPostingState, PostingFacts


def posting_state_of(facts: PostingFacts) -> ErpPostingState:
    """One state of what the ERP says.

    What is posted stays posted, whatever failed before. A document number alone counts as posted unless a failure
    stands beside it: ERPs also number documents that they then park.
    """
    if facts.posted_at is not None:
        return ErpPostingState.POSTED
    if not facts.required:
        return ErpPostingState.NOT_REQUIRED
    if facts.failure is not None:
        return ErpPostingState.EXCEPTION
    return ErpPostingState.QUEUED if facts.document_number is None else ErpPostingState.POSTED
