"""`make audit`: the GraphQL-over-HTTP audit suite against the product in front of its sandbox."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.running import gateway_running, sandbox_running

HERE = Path(__file__).parent
TIMEOUT_S = 120


def main() -> int:
    """The exit code of the audit."""
    with (
        sandbox_running() as sandbox,
        tempfile.TemporaryDirectory() as folder,
        gateway_running(sandbox.urls, Path(folder)) as asked,
    ):
        url = str(asked.http.base_url.join("/graphql"))
        return subprocess.run(["node", "audit.mjs", url], cwd=HERE, timeout=TIMEOUT_S, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
