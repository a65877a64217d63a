"""The `[identity]` section: what of it is refused before anything listens, and what the example shows."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import gateway
from gateway.complaints import SettingsError
from gateway.identity.settings import ApiKeySettings, Identity, IssuerSettings
from gateway.settings import build
from tests.gateway.identity.minting import issuer_settings

SYSTEMS = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}
EXAMPLE = Path(gateway.__file__).parent / "example.toml"


def problem(*issuers: dict[str, Any], **identity: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        build({"systems": SYSTEMS, "identity": {"issuers": issuers, **identity}})
    return "\n".join(refused.value.problems)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"jwks_url": None}, "exactly one of jwks_url, jwks_file and secret_file"),
        ({"jwks_file": "x"}, "exactly one of jwks_url, jwks_file and secret_file"),
        ({"algorithms": ["RS256", "HS256"]}, "never beside a jwks_url or jwks_file"),
        ({"algorithms": ["HS256"]}, "never beside a jwks_url or jwks_file"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"jwks_url": "http://login.example/jwks"}, "an https:// address"),
        ({"jwks_url": "https://user:s3cret@login.example/jwks"}, "an https:// address"),
        ({"jwks_url": "ftp://login.example"}, "an https:// address"),
        ({"otherwise": "operations"}, "kinds of caller that are among audiences"),
        ({"by_client": {"app": "operations"}}, "kinds of caller that are among audiences"),
        ({"audiences": ["everybody"]}, "audiences"),
        ({"leeway_s": 301}, "leeway_s"),
        ({"fresh_s": 7200}, "fresh_s at most stale_max_s"),
        ({"refetch_every_s": 301}, "refetch_every_s at most fresh_s"),
        ({"name": "Key!"}, "lower-case letters"),
        ({"name": "key"}, "of API keys"),
        ({"clams": {}}, "did you mean `claims`?"),
        ({"claims": {"stoer": "x"}}, "did you mean `store`?"),
    ],
)
def test_an_issuer_that_should_not_be_believed_is_refused(given: dict[str, Any], said: str) -> None:
    """Each mistake that would open the door is told before anything listens, without repeating a secret."""
    told = problem(issuer_settings(**given))
    assert said in told
    assert "s3cret" not in told


def test_issuers_can_be_told_apart() -> None:
    """Two issuers with one name, or one `iss` under two names, are refused."""
    assert "differ in their issuer" in problem(issuer_settings(), issuer_settings(name="other"))
    assert "differ in their name" in problem(issuer_settings(), issuer_settings(issuer="https://other.example"))


def test_a_secret_stands_alone_in_a_file(tmp_path: Path) -> None:
    """HS256 takes a file with 32 bytes at least; what is too short or not there is told, and never shown."""
    path = tmp_path / "secret"
    given = {"jwks_url": None, "secret_file": str(path), "algorithms": ["HS256"]}
    assert "No such file" in problem(issuer_settings(**given))
    path.write_text("hunter2")
    told = problem(issuer_settings(**given))
    assert "at least 32 bytes" in told
    assert "hunter2" not in told
    path.write_text("x" * 32)
    assert "beside a jwks_url" in problem(issuer_settings(**given | {"algorithms": ["HS256", "RS256"]}))
    built = build({"systems": SYSTEMS, "identity": {"issuers": [issuer_settings(**given)]}})
    assert "xxxx" not in repr(built)


def test_keys_that_go_stale_before_they_are_fresh_are_refused() -> None:
    """The three times of API keys are in order."""
    assert "fresh_s at most stale_max_s" in problem(keys={"fresh_s": 60})


def test_issuers_in_the_environment_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of issuers in a variable is a JSON array."""
    monkeypatch.setenv("RETAILGRAPH_IDENTITY__ISSUERS", json.dumps([issuer_settings()]))
    assert build({"systems": SYSTEMS}).identity.issuers[0].name == "login"


def test_the_example_shows_every_key_with_its_default() -> None:
    """With its comment signs taken away the example has every key of an issuer and of API keys, with their defaults."""
    shown = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", EXAMPLE.read_text()))["identity"]
    (issuer,) = shown["issuers"]
    claims = issuer.pop("claims")
    assert set(issuer) | {"claims"} == set(IssuerSettings.model_fields)
    for name, value in issuer.items():
        default = IssuerSettings.model_fields[name].default
        if name not in {"name", "issuer", "audience", "jwks_url", "jwks_file", "secret_file", "by_client"}:
            assert value == (sorted(default) if isinstance(default, frozenset) else default), name
    defaults = IssuerSettings.model_fields["claims"].default
    assert claims == {name: list(v) if isinstance(v := getattr(defaults, name), tuple) else v for name in claims}
    assert set(claims) == set(type(defaults).__dataclass_fields__)
    assert ApiKeySettings.model_validate(shown["keys"]) == ApiKeySettings()
    numbers = {"header_characters_max", "verdicts_max", "verdict_s"}
    assert {name: shown[name] for name in numbers} == {name: getattr(Identity(), name) for name in numbers}
