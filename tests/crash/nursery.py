"""Starts commands of the product in a tenth of the time: a process that has imported all of it, and forks.

Each is a process of its own that runs `retailgraph` as anybody does, and can be killed like any other. Reads one JSON
object a line, `{"arguments": [...], "log": "path"}`, answers its process id, and ends with its standard input, and
all of them with it.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from pathlib import Path

from gateway.cli import main

WARM = ("gateway.deployment", "gateway.work")
"""What the commands would import as they start."""

_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def serve() -> None:
    """Until standard input ends."""
    for name in WARM:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is killed leaves nothing behind
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(asked["arguments"], Path(asked["log"]))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(arguments: list[str], log: Path) -> None:
    if sys.platform == "linux":  # nobody is left over of a run that is killed itself
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing, said = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for there, here in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(there, here)
    sys.argv = ["retailgraph", *arguments]
    try:
        main()
    except SystemExit as ended:
        os._exit(ended.code if isinstance(ended.code, int) else 1)
    except BaseException:  # noqa: BLE001 - it must not go on as the process that it was forked from
        sys.excepthook(*sys.exc_info())
        os._exit(70)
    os._exit(0)


if __name__ == "__main__":
    serve()
