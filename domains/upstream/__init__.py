"""The Wire: everything that stands between the house and an outside system.

Knows HTTP and time, no vendor and no business."""
