"""Points in time."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True)]
"""A moment with a time zone, RFC 3339 on the wire."""
