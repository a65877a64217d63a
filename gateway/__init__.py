"""The door: starts, assembles and speaks HTTP; the one place that knows every name.

Knows no business rule: those are the slices'."""

__version__ = "0.1.0"
