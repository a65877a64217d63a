"""What a caller may ask at once: the size of a document, and who may read the schema.

Knows documents only; what a field costs behind the gateway, and who is asking, are told elsewhere."""

from gateway.limits.document import (
    DEFAULT_LIMITS,
    DocumentGuard,
    DocumentLimits,
    DocumentTooLarge,
    Excess,
    Weight,
    weigh,
)
from gateway.limits.introspection import SCHEMA_FIELDS, asks_for_schema

__all__ = [
    "DEFAULT_LIMITS",
    "SCHEMA_FIELDS",
    "DocumentGuard",
    "DocumentLimits",
    "DocumentTooLarge",
    "Excess",
    "Weight",
    "asks_for_schema",
    "weigh",
]
