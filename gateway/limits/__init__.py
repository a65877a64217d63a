"""What a caller may ask: the size of a document, its cost in calls to systems, how often, how many at a time.

Knows documents and the schema's declarations; not who is asking, and not how a refusal travels."""

from gateway.limits.bucket import Draw
from gateway.limits.counting import Counted, Counting
from gateway.limits.document import (
    DEFAULT_LIMITS,
    DocumentGuard,
    DocumentLimits,
    DocumentTooLarge,
    Excess,
    Weight,
    weigh,
)
from gateway.limits.estimate import KEYS_MAX, NOTHING, Batch, Cost, Estimate, Priced, batches, estimate
from gateway.limits.gate import Gate, Payer, Turn, Turns
from gateway.limits.introspection import SCHEMA_FIELDS, asks_for_schema
from gateway.limits.lists import Places, items_of, lists_of
from gateway.limits.policy import AudienceLimits, laid_over
from gateway.limits.refusals import BUDGET_SPENT, Refusal, Refused
from gateway.limits.shared import SharedCounting
from gateway.limits.spending import count_call
from gateway.limits.units import Units

__all__ = [
    "BUDGET_SPENT",
    "DEFAULT_LIMITS",
    "KEYS_MAX",
    "NOTHING",
    "SCHEMA_FIELDS",
    "AudienceLimits",
    "Batch",
    "Cost",
    "Counted",
    "Counting",
    "DocumentGuard",
    "DocumentLimits",
    "DocumentTooLarge",
    "Draw",
    "Estimate",
    "Excess",
    "Gate",
    "Payer",
    "Places",
    "Priced",
    "Refusal",
    "Refused",
    "SharedCounting",
    "Turn",
    "Turns",
    "Units",
    "Weight",
    "asks_for_schema",
    "batches",
    "count_call",
    "estimate",
    "items_of",
    "laid_over",
    "lists_of",
    "weigh",
]
