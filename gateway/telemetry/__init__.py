"""What operators see of the gateway: log lines, and how each process is.

Knows no business; what is private never passes."""

from gateway.telemetry.logs import configure_logs, mask
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.pulse import Pulse, Vitals, resident_bytes

__all__ = ["Metrics", "Pulse", "Vitals", "configure_logs", "mask", "resident_bytes"]
