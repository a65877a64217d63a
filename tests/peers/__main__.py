"""Serves the contract until a signal comes."""

import os
import tempfile
from pathlib import Path

from tests.peers.serving import serve, settings_for

documents = os.environ.get("DOCUMENTS")

with tempfile.TemporaryDirectory() as folder:
    serve(
        settings_for(
            os.environ["UPSTREAM"],
            int(os.environ.get("PORT", "0")),
            Path(folder),
            cache=os.environ.get("CACHE") == "1",
            audit=os.environ.get("AUDIT") != "0",
            documents=None if documents is None else Path(documents),
        )
    )
