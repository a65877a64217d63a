"""Operations compiled to Python: one function for each field that asks something, all others inlined into it.

Does not know what a field means, who asks, or how long anything may take."""

from gateway.engine.compiled.asked import Ground
from gateway.engine.compiled.operation import Plans
from gateway.engine.compiled.remembering import Lasting
from gateway.engine.compiled.tracing import Span, Tracer, stage_log

__all__ = ["Ground", "Lasting", "Plans", "Span", "Tracer", "stage_log"]
