"""`retailgraph keys` and `retailgraph token`, as people call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.identity.demo_issuer import demo_issuer
from gateway.identity.keys import id_of
from gateway.identity.tokens import read_token
from gateway.trouble import CannotStart


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "retailgraph.toml"
    systems = "".join(f'[systems.{role}]\nurl = "http://127.0.0.1:9"\n' for role in ("erp", "oms", "loyalty", "crm"))
    path.write_text(f'{systems}[database]\nurl = "sqlite:///{tmp_path / "retailgraph.db"}"\n')
    return path


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_secret_is_printed_once_and_alone(config: Path) -> None:
    """`create` prints the key alone on standard output; `list` shows it without its secret."""
    made = run("keys", "create", "--audience", "partner", "--subject", "acme", "--scopes", "a b", "--config", config)
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert id_of(token)
    assert "only time" in made.stderr
    shown = run("keys", "list", "--config", config)
    assert id_of(token) in shown.stdout
    assert "acme" in shown.stdout
    assert token not in shown.stdout
    (told,) = json.loads(run("keys", "list", "--subject", "acme", "--json", "--config", config).stdout)
    assert (told["id"], told["state"], told["scopes"]) == (id_of(token), "LIVE", ["a", "b"])
    assert token[20:60] not in json.dumps(told)


def test_keys_are_rotated_and_revoked_by_command(config: Path) -> None:
    """`rotate` makes a second key, `revoke` ends all of an owner and says how soon; a second time there is nothing."""
    first = run("keys", "create", "--audience", "partner", "--subject", "acme", "--config", config).stdout.strip()
    second = json.loads(run("keys", "rotate", "acme", "--keep-h", "1", "--json", "--config", config).stdout)
    assert second["id"] == id_of(second["token"]) != id_of(first)
    done = run("keys", "revoke", "acme", "--config", config)
    assert done.exit_code == 0
    assert "Refused by every process within 5 s." in done.stdout
    assert id_of(first) in done.stdout
    assert run("keys", "revoke", "acme", "--config", config).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--audience", "everybody", "--subject", "acme"), "--audience is 'everybody'"),
        (("create", "--audience", "partner", "--subject", "a b"), "--subject is 'a b'"),
        (("rotate", "nobody"), "nobody has no live key"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(config: Path, arguments: tuple[str, ...], said: str) -> None:
    """Wrong names and owners without a key end the command with a sentence."""
    told = run("keys", *arguments, "--config", config).exception
    assert isinstance(told, CannotStart)
    assert said in str(told)


def test_a_token_is_printed_for_a_running_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`token` prints one word for the demo that runs, with all that was asked for; without a demo it says so."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    ask = ("token", "--audience", "associate", "--store", "store-017", "--port", 8123)
    with demo_issuer(8123):
        printed = run(*ask)
    claims = read_token(printed.stdout.strip()).claims
    assert (claims["retailgraph_audience"], claims["retailgraph_store"]) == ("associate", "store-017")
    assert claims["exp"] - claims["iat"] == 3600
    assert "No demo of yours runs on port 8123" in str(run(*ask).exception)
