"""What operators see of the gateway: log lines.

Knows no business; what is private never passes."""

from gateway.telemetry.logs import configure_logs, mask

__all__ = ["configure_logs", "mask"]
