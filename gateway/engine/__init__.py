"""Runs one GraphQL operation against one schema: parsed, weighed and validated once per text, executed per request.

Does not know HTTP, who is asking, or what any field means."""

from gateway.engine.compiled import Ground, Lasting
from gateway.engine.execution import Answer, Engine
from gateway.engine.faults import (
    INTROSPECTION_FORBIDDEN,
    METHOD_NOT_ALLOWED,
    SUBSCRIPTION_UNSUPPORTED,
    Fault,
    code_of,
    fault,
    internal_fault,
)
from gateway.engine.operations import CacheSizes, Operations, Prepared
from gateway.engine.refusing import Toll

__all__ = [
    "INTROSPECTION_FORBIDDEN",
    "METHOD_NOT_ALLOWED",
    "SUBSCRIPTION_UNSUPPORTED",
    "Answer",
    "CacheSizes",
    "Engine",
    "Fault",
    "Ground",
    "Lasting",
    "Operations",
    "Prepared",
    "Toll",
    "code_of",
    "fault",
    "internal_fault",
]
