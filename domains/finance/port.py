"""What the finance slice asks of an outside system."""

from dataclasses import dataclass

from domains.finance.model import OrderLedger, PostingFacts, PostingKey
from domains.vocabulary import Fetch, OrderId


@dataclass(frozen=True)
class Finance:
    """Reads of the books."""

    ledgers: Fetch[OrderId, OrderLedger]
    postings: Fetch[PostingKey, PostingFacts]
