"""The `[documents]` section."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from gateway.documents.reading import read_all
from gateway.documents.trusted import TrustedDocuments
from gateway.sections import Section


class Documents(Section):
    """Which documents are trusted, and whether others are remembered. Read once, at the start."""

    # Files of GraphQL; None: there are none. A document is known by its digest, its file and its operations.
    directory: Path | None = None
    # What the build tools of clients write: Apollo's, Relay's and GraphQL Code Generator's manifests.
    manifests: tuple[Path, ...] = ()
    # Saves a mobile client some KiB per request. Only texts that have run are kept, and each is checked by its digest.
    automatic: bool = True
    # Some 10,000 texts of one process; with cache.url they are shared.
    automatic_max_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    # A client that was last seen a week ago sends its texts again.
    automatic_keep_h: float = Field(default=168.0, gt=0)

    def read(self) -> TrustedDocuments:
        """The trusted documents. Raises UnusableDocuments."""
        return TrustedDocuments(read_all(self.directory, self.manifests))

    @model_validator(mode="after")
    def _are_there(self) -> Self:
        missing = [
            str(place) for place in (self.directory, *self.manifests) if place is not None and not place.exists()
        ]
        if missing:
            raise ValueError(f"places that exist; not there: {', '.join(missing)}")
        return self
