"""`retailgraph work`: a worker without HTTP."""

import signal
from pathlib import Path

import pytest

from domains.vocabulary import SystemRole
from tests.running import command


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_works_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    """It says that it works, answers nobody, and ends in order at either signal."""
    env = {f"RETAILGRAPH_SYSTEMS__{role.value}__URL": "http://127.0.0.1:1" for role in SystemRole}
    env["RETAILGRAPH_DATABASE__URL"] = f"sqlite:///{tmp_path / 'retailgraph.db'}"
    with command("work", env=env) as process:
        assert process.stdout is not None
        said = ""
        while '"working"' not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(number)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert '"stopped"' in rest
    assert "Traceback" not in rest


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    """A lease that ends before a step does is told as a sentence, before anything is opened."""
    env = {f"RETAILGRAPH_SYSTEMS__{role.value}__URL": "http://127.0.0.1:1" for role in SystemRole}
    env["RETAILGRAPH_DURABLE__LEASE_S"] = "5"
    with command("work", env=env) as process:
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "a lease_s above step_timeout_s" in said
