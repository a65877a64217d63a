"""Several processes that answer on one socket, and the one that starts them, replaces those that end, and ends them.

Knows neither HTTP nor the product: what a worker does is given to it."""

from gateway.workers.pace import RestartPace
from gateway.workers.supervisor import Supervisor, WorkersFailed
from gateway.workers.worker import Line, Serve

__all__ = ["Line", "RestartPace", "Serve", "Supervisor", "WorkersFailed"]
