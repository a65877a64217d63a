"""The command: what it prints, how it fails, and how little it loads to do so."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import gateway
from gateway import demo
from gateway.cli import CONTRACTS, ROOT, app, differences, printed
from gateway.trouble import CannotStart, PortTaken

EXAMPLE = Path(gateway.__file__).parent / "example.toml"
HEAVY = ("pydantic", "starlette", "strawberry", "graphql", "uvicorn", "httpx", "domains")


def retailgraph(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_the_version_is_the_packages() -> None:
    """`--version` prints the version alone, also through `python -m gateway`."""
    done = retailgraph("--version")
    assert (done.stdout, done.returncode) == (f"{gateway.__version__}\n", 0)


def test_the_command_loads_no_room_before_it_needs_one() -> None:
    """What answers `--version` and `--help` loads nothing that is slow to load."""
    code = f"import sys, gateway.cli; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("command", ["demo", "serve", "schema"])
def test_every_command_explains_itself(command: str) -> None:
    """Each command has a help text that names its options."""
    told = CliRunner().invoke(app, [command, "--help"])
    assert told.exit_code == 0
    assert {"demo": "--latency-scale", "serve": "--config", "schema": "--write"}[command] in told.output


def test_settings_that_cannot_be_used_are_told_in_sentences(tmp_path: Path) -> None:
    """Wrong settings end the command with exit code 2 and the list of problems, without a traceback."""
    config = tmp_path / "retailgraph.toml"
    config.write_text(EXAMPLE.read_text().replace("[logs]", '[logs]\nlevle = "info"'))
    done = retailgraph("serve", "--config", str(config))
    assert done.returncode == 2
    assert done.stderr.startswith("retailgraph: The settings cannot be used: 1 problem.\n")
    assert "unknown key `logs.levle`; did you mean `level`? allowed: format, level" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_vendor_nobody_wrote_is_told_before_anything_listens(tmp_path: Path) -> None:
    """An unknown vendor is a problem of the settings, found by `serve --check` too."""
    config = tmp_path / "retailgraph.toml"
    config.write_text(EXAMPLE.read_text().replace('# vendor = "open"', 'vendor = "opne"'))
    done = retailgraph("serve", "--config", str(config), "--check")
    assert done.returncode == 2
    assert "`systems.oms.vendor` is 'opne'; allowed: open" in done.stderr


def test_settings_can_be_checked_without_serving() -> None:
    """`serve --check` says that the example can be used, and ends."""
    done = retailgraph("serve", "--config", str(EXAMPLE), "--check")
    assert (done.stdout, done.returncode) == ("The settings can be used.\n", 0)


def test_a_port_in_use_is_named() -> None:
    """Where another process listens, `serve` says which port it is and ends with exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = retailgraph("serve", "--config", str(EXAMPLE), "--port", str(port))
    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 cannot be opened: it is in use." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_demo_on_a_port_in_use_starts_nothing() -> None:
    """The demo looks at its ports first, and refuses ports that do not exist."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PortTaken, match="it is in use"):
        demo.start(taken.getsockname()[1], seed=1, latency_scale=0)
    with pytest.raises(CannotStart, match="--port is from 1 to 65531"):
        demo.start(65_535, seed=1, latency_scale=0)


def test_the_demo_can_be_asked_by_curl() -> None:
    """The command that the demo prints is one shell command with the first query in it."""
    assert shutil.which("sh")
    words = subprocess.run(
        ["sh", "-c", demo.curl("http://127.0.0.1:1/graphql").replace("curl -s", "printf '%s\\n'", 1)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert words[0] == "http://127.0.0.1:1/graphql"
    assert "Authorization: Bearer demo-customer" in words
    assert words[-1].startswith('{"query": "query FirstLight{product(sku:')


def test_the_schema_is_printed() -> None:
    """`schema` prints the federated SDL."""
    told = CliRunner().invoke(app, ["schema"])
    assert told.exit_code == 0
    assert "type Query" in told.output
    assert "specs.apollo.dev/federation/v2" in told.output


def test_a_stale_file_is_told_with_its_difference(tmp_path: Path) -> None:
    """A copy of what the code prints has no difference; a changed line and a missing file are shown as a diff."""
    (tmp_path / CONTRACTS).mkdir(parents=True)
    for name, text in printed().items():
        (tmp_path / name).write_text(text)
    assert differences(tmp_path) == []
    (tmp_path / CONTRACTS / "erp.openapi.json").unlink()
    schema = tmp_path / "schema.graphql"
    schema.write_text(schema.read_text().replace("type Query", "type Qwery"))
    lines = differences(tmp_path)
    assert any(line.startswith("-type Qwery") for line in lines)
    assert any(line.startswith("+type Query") for line in lines)
    assert f"+++ {CONTRACTS}/erp.openapi.json (code)\n" in lines
