"""What an operation would ask of whom, told from its text: `retailgraph explain`.

Runs nothing and asks nobody; what is expected stands in the schema's declarations."""

from gateway.explaining.command import explain
from gateway.explaining.explanation import Explanation, Objection, Step, Terms, explained

__all__ = ["Explanation", "Objection", "Step", "Terms", "explain", "explained"]
