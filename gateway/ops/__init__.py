"""The commands of whoever looks after slow writes: what is under way, what is stuck, what does not agree.

Knows the journal and the terminal; what a flow is about, it is told in words."""

from gateway.ops.books import reconcile
from gateway.ops.events import replay
from gateway.ops.flows import cancel, listed, quota, retry, show
from gateway.ops.letters import dead_letters

__all__ = ["cancel", "dead_letters", "listed", "quota", "reconcile", "replay", "retry", "show"]
