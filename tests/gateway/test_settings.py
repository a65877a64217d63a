"""Settings: where they come from, what is refused, and how that is said."""

from __future__ import annotations

import re
import tomllib
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import gateway
from domains.upstream import DEFAULTS
from domains.vocabulary import SystemRole
from gateway.audiences import read_audiences
from gateway.complaints import SettingsError
from gateway.identity.settings import Anonymous, Token
from gateway.limits import AudienceLimits
from gateway.policies import KEPT, Freshness
from gateway.settings import Settings, build, load
from gateway.systems import System

# Examples of keys whose default is to be absent.
SHOWN_ONLY = {
    "cache": {"url", "url_file"},
    "database": {"url_file"},
    "promises": {"keys_file"},
    "documents": {"directory"},
    "audiences": {"directory", "origins"},
    "events": {"stream", "sources", "webhooks"},
}
EXAMPLE = Path(gateway.__file__).parent / "example.toml"
SYSTEMS = {role.value.lower(): {"url": f"http://127.0.0.1:{place}"} for place, role in enumerate(SystemRole, 8001)}


@pytest.fixture(autouse=True)
def _no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RETAILGRAPH_CONFIG", raising=False)


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "retailgraph.toml"
    urls = "\n".join(f'[systems.{role}]\nurl = "{system["url"]}"' for role, system in SYSTEMS.items())
    path.write_text(f"{text}\n{urls}\n")
    return path


def problems(given: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        build(given)
    return list(refused.value.problems)


def test_the_example_can_be_used() -> None:
    """The documented example file loads as it stands."""
    settings = load(EXAMPLE)
    assert settings.systems.oms.url == "http://127.0.0.1:8002"
    assert settings.identity.tokens[0].store == "store-017"


def test_the_example_names_every_key_with_its_default() -> None:
    """With its comment signs taken away the example has every key there is, and the defaults it shows are true."""
    shown = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", EXAMPLE.read_text()))
    del shown["systems"]["oms"]["token_file"]
    assert shown["cache"].pop("url")
    for section in ("cache", "database"):
        assert shown[section].pop("url_file")
    assert shown["promises"].pop("keys_file")
    assert shown["documents"].pop("directory")
    assert shown["audiences"].pop("directory")
    for other_source in ("jwks_file", "secret_file"):
        assert shown["identity"]["issuers"][0].pop(other_source)
    settings = build(shown)
    elsewhere = {"systems": None, "identity": None, "audiences": None}
    assert settings.model_copy(update=elsewhere) == build({"systems": SYSTEMS}).model_copy(update=elsewhere)
    assert settings.audiences.read().of("storefront") == read_audiences().of("storefront")
    assert settings.systems.oms.wire == DEFAULTS[SystemRole.OMS]
    for section, declared in ((name, field.annotation) for name, field in Settings.model_fields.items()):
        if section not in {"systems", "identity"}:
            assert set(shown[section]) | SHOWN_ONLY.get(section, set()) == keys(declared), section
    assert set(shown["systems"]["oms"]) | {"token_file"} == keys(System)
    assert set(shown["systems"]["oms"]["wire"]) == keys(type(settings.systems.oms.wire))
    assert set(shown["cache"]["freshness"]["inventory.stock"]) == keys(Freshness)
    assert set(shown["audiences"]["limits"]["storefront"]) == keys(AudienceLimits)
    assert set(shown["identity"]["tokens"][0]) == keys(Token)
    assert set(shown["identity"]["anonymous"]) == keys(Anonymous)


def keys(declared: Any) -> set[str]:
    if is_dataclass(declared):
        return set(declared.__dataclass_fields__)
    assert issubclass(declared, BaseModel)
    return set(declared.model_fields)


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable replaces the one key it names and leaves its neighbours in the file alone."""
    monkeypatch.setenv("RETAILGRAPH_CONFIG", str(file(tmp_path, '[server]\nhost = "0.0.0.0"\nport = 1')))
    monkeypatch.setenv("RETAILGRAPH_SERVER__PORT", "2")
    monkeypatch.setenv("RETAILGRAPH_SYSTEMS__ERP__WIRE__SLOTS_MAX", "3")
    settings = load()
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 2)
    assert settings.systems.erp.wire.slots_max == 3
    assert settings.systems.erp.url == SYSTEMS["erp"]["url"]


def test_wire_numbers_lie_over_those_of_the_role() -> None:
    """A number that is given replaces the role's own, and only that one."""
    systems = {**SYSTEMS, "erp": {**SYSTEMS["erp"], "wire": {"slots_max": 2}}}
    wire = build({"systems": systems}).systems.of(SystemRole.ERP).wire
    assert wire.slots_max == 2
    assert wire.timeout_s == DEFAULTS[SystemRole.ERP].timeout_s


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"systems": {**SYSTEMS, "erp": {**SYSTEMS["erp"], "wier": {}}}},
            "unknown key `systems.erp.wier`; did you mean `wire`? allowed: token, token_file, url, vendor, wire",
        ),
        (
            {"server": {"port": "eighty"}, "systems": SYSTEMS},
            "`server.port` is 'eighty'; allowed: a whole number, at least 0 and at most 65535",
        ),
        (
            {"logs": {"level": "loud"}, "systems": SYSTEMS},
            '`logs.level` is \'loud\'; allowed: "debug" or "info" or "warning" or "error"',
        ),
        (
            {"sytems": SYSTEMS, "systems": SYSTEMS},
            "unknown key `sytems`; did you mean `systems`? allowed: answers, audiences, audit, cache, database,",
        ),
        ({"http": {"batch_max": -1}, "systems": SYSTEMS}, "`http` cannot be used; allowed: no limit is negative"),
        (
            {"explorer": {"enabled": "perhaps"}, "systems": SYSTEMS},
            "`explorer.enabled` is 'perhaps'; allowed: true or false",
        ),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(given: dict[str, Any], said: str) -> None:
    """Unknown keys come with the nearest name, wrong values with the key, the value and what is allowed."""
    (problem,) = problems(given)
    assert problem.startswith(said)


def test_every_problem_is_told_at_once() -> None:
    """Two mistakes are two lines of one error, and neither is a dump of the validator."""
    with pytest.raises(SettingsError) as refused:
        build({"server": {"port": -1, "hots": "x"}, "systems": SYSTEMS})
    assert str(refused.value).startswith("The settings cannot be used: 2 problems.\n  ")
    assert "pydantic" not in str(refused.value)
    assert "type=" not in str(refused.value)


def test_a_missing_system_is_named() -> None:
    """A role without an address is refused by name, and so is no file at all."""
    (problem,) = problems({"systems": {**SYSTEMS, "crm": {}}})
    assert problem.startswith("`systems.crm.url` is missing; allowed: an http:// or https:// address")
    (problem,) = problems({})
    assert problem.startswith("`systems` is missing; allowed: a section with crm, erp, loyalty, oms")


def test_a_variable_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value from the environment says so, and a variable of an unknown section is refused, not ignored."""
    monkeypatch.setenv("RETAILGRAPH_SERVER__PORT", "eighty")
    monkeypatch.setenv("RETAILGRAPH_SERVRE__PORT", "80")
    stray, wrong = problems({"systems": SYSTEMS})
    assert stray.startswith("unknown key `servre`; did you mean `server`?")
    assert stray.endswith("(from RETAILGRAPH_SERVRE__PORT)")
    assert "`server.port` is 'eighty' (from RETAILGRAPH_SERVER__PORT); allowed:" in wrong


def test_a_section_in_a_variable_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list in the environment is JSON; what is not JSON is refused in a sentence."""
    monkeypatch.setenv("RETAILGRAPH_IDENTITY__TOKENS", f'[{{"sha256": "{"A" * 64}", "subject": "till"}}]')
    assert build({"systems": SYSTEMS}).identity.tokens[0].sha256 == "a" * 64
    monkeypatch.setenv("RETAILGRAPH_IDENTITY__TOKENS", "till")
    (problem,) = problems({"systems": SYSTEMS})
    assert "JSON" in problem


def test_secrets_are_read_from_files_and_never_shown(tmp_path: Path) -> None:
    """A token comes from its file without the final newline; no repr and no error shows a secret."""
    (tmp_path / "token").write_text("s3cret\n")
    erp = {**SYSTEMS["erp"], "token_file": str(tmp_path / "token")}
    settings = build({"systems": {**SYSTEMS, "erp": erp}})
    token = settings.systems.erp.token
    assert token is not None
    assert token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)
    wrong = {"systems": {**SYSTEMS, "erp": {**erp, "token": "s3cret"}}, "identity": {"tokens": [{"sha256": "s3cret"}]}}
    said = "\n".join(problems(wrong))
    assert "either token or token_file, not both" in said
    assert "`identity.tokens[0].sha256` cannot be used; allowed: the SHA-256 digest" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("content", [None, "", "x" * 20_000])
def test_a_token_file_that_holds_no_token_is_refused(tmp_path: Path, content: str | None) -> None:
    """A missing, empty or huge token file is refused before anything starts."""
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)
    (problem,) = problems({"systems": {**SYSTEMS, "erp": {**SYSTEMS["erp"], "token_file": str(path)}}})
    assert problem.startswith("`systems.erp` cannot be used; allowed: a token_file with")


@pytest.mark.parametrize(
    "url",
    [
        "erp.internal",
        "ftp://erp",
        "http://",
        "http://user:s3cret@erp",
        "http://user:s3cret/@s3cret@erp",
        "ftp://user:a/s3cret@erp",
        "user:s3cret@erp",
        "user:s3cret://a@erp",
        "http://erp?x=1",
        "http://erp:80801",
        "http://erp:http",
        "http://[erp",
        8,
    ],
)
def test_an_address_is_checked(url: object) -> None:
    """What is not a plain http address is refused, and a password in one is not repeated."""
    (problem,) = problems({"systems": {**SYSTEMS, "erp": {"url": url}}})
    assert problem.startswith("`systems.erp.url` is ")
    assert "s3cret" not in problem


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file and broken TOML are told with the file's name, the latter with its line."""
    with pytest.raises(SettingsError, match=r"nowhere\.toml cannot be read: No such file"):
        load(tmp_path / "nowhere.toml")
    with pytest.raises(SettingsError, match=r"retailgraph\.toml is not TOML: .*line 1"):
        load(file(tmp_path, "port = = 1"))


def test_numbers_of_the_cache_are_laid_over_the_defaults() -> None:
    """One number of one read is replaced; its others, and all other reads, keep their defaults."""
    settings = build({"systems": SYSTEMS, "cache": {"freshness": {"inventory.stock": {"fresh_s": 1}}}})
    stock, default = settings.cache.freshness["inventory.stock"], KEPT["inventory.stock"].freshness
    assert stock == replace(default, fresh_s=1)
    assert settings.cache.freshness["products.by_sku"] == KEPT["products.by_sku"].freshness


def test_a_read_that_does_not_exist_cannot_be_kept() -> None:
    """A wrong name of a read is refused with the nearest one."""
    (problem,) = problems({"systems": SYSTEMS, "cache": {"freshness": {"inventory.stok": {"fresh_s": 1}}}})
    assert "did you mean `inventory.stock`?" in problem
