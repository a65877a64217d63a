"""The journal: keyed writes, the flows behind the slow ones, and what was told and heard. It runs the flows too.

Deliberately does not know what any flow is about, nor which system its steps ask."""

from gateway.durable.exceptions import close_exceptions, open_exception
from gateway.durable.holds import Holds, Mark, Moved, TooFew, open_holds
from gateway.durable.journal import Journal, open_journal
from gateway.durable.news import Told, news_after, news_end, tell, tell_once
from gateway.durable.policy import QUOTAS, JournalPolicy, Quota
from gateway.durable.worker import Worker

__all__ = [
    "QUOTAS",
    "Holds",
    "Journal",
    "JournalPolicy",
    "Mark",
    "Moved",
    "Quota",
    "Told",
    "TooFew",
    "Worker",
    "close_exceptions",
    "news_after",
    "news_end",
    "open_exception",
    "open_holds",
    "open_journal",
    "tell",
    "tell_once",
]
