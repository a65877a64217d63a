"""No secret of the settings is ever shown: whichever there are, wherever they come from, whatever goes wrong."""

from __future__ import annotations

import copy
import json
import logging
import os
import subprocess
import sys
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
import structlog
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from gateway.complaints import SettingsError
from gateway.settings import Settings, build
from gateway.telemetry import configure_logs

ROOT = Path(__file__).parents[2]
CANARY = "c4naryOf"
Path_ = tuple[str, ...]

SYSTEMS: dict[str, Any] = {role: {"url": "http://127.0.0.1:9"} for role in ("erp", "oms", "loyalty", "crm")}

# What each secret looks like that may stand there; by the last part of its place.
SHAPES: dict[str, Callable[[str], Any]] = {
    "token": lambda mark: mark,
    "url": lambda mark: f"postgresql://shop:{mark}@127.0.0.1:9/books",
    "secrets": lambda mark: ["whsec_" + b64encode(mark.ljust(24, "0").encode()).decode()],
    "sha256": lambda mark: sha256(mark.encode()).hexdigest(),
}
# Sections with free keys, and lists, with what else one entry needs.
ENTRIES: dict[Path_, dict[str, Any]] = {
    ("events", "sources"): {"system": "oms"},
    ("events", "webhooks"): {"url": "https://shop.example/hook"},
    ("systems", "crm", "regions"): {"url": "http://127.0.0.1:9"},
    ("identity", "tokens"): {"subject": "till-17"},
}


def members(declared: Any) -> dict[str, Any]:
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return dict(declared.model_fields)
    if isinstance(declared, type) and is_dataclass(declared):
        hints = get_type_hints(declared, include_extras=True)
        return {one.name: hints[one.name] for one in fields(declared)}
    return {}


def parts(annotation: Any) -> Iterator[Any]:
    """Every type that an annotation is made of."""
    if isinstance(annotation, FieldInfo):
        annotation = annotation.annotation
    yield annotation
    if get_origin(annotation) is Annotated:
        yield from parts(get_args(annotation)[0])
    else:
        for one in get_args(annotation):
            yield from parts(one)


def secrets_in(declared: Any, at: Path_ = ()) -> Iterator[Path_]:
    """The place of every secret of the settings, by the types that they are declared with; a digest counts as one."""
    for name, member in members(declared).items():
        here = (*at, name)
        made_of = list(parts(member))
        if SecretStr in made_of or name == "sha256":
            yield here
        for one in made_of:
            yield from secrets_in(one, here)


PLACES = sorted(secrets_in(Settings))


def mark(at: Path_) -> str:
    return CANARY + "".join(part.title() for part in at).replace("_", "")


def laid(at: Path_, value: object) -> dict[str, Any]:
    """Settings with `value` at that place."""
    given: dict[str, Any] = {"systems": copy.deepcopy(SYSTEMS)}
    section: dict[str, Any] = given
    for depth, part in enumerate(at[:-1], 1):
        if (entry := ENTRIES.get(at[:depth])) is not None:
            fresh = dict(entry)
            section[part] = [fresh] if at[:depth] == ("identity", "tokens") else {"one": fresh}
            section = fresh
        else:
            section = section.setdefault(part, {})
    section[at[-1]] = value
    return given


def full() -> dict[str, Any]:
    """Settings with every secret there is."""
    given: dict[str, Any] = {"systems": copy.deepcopy(SYSTEMS)}

    def merge(into: dict[str, Any], what: dict[str, Any]) -> None:
        for name, value in what.items():
            if isinstance(value, dict):
                merge(into.setdefault(name, {}), value)
            else:
                into[name] = value

    for at in PLACES:
        merge(given, laid(at, SHAPES[at[-1]](mark(at))))
    return given


def canaries() -> set[str]:
    """What must not be seen: the marks, and what a mark becomes where it is encoded."""
    found = {CANARY}
    for at in PLACES:
        shaped = SHAPES[at[-1]](mark(at))
        found |= {CANARY} if CANARY in str(shaped) else {shaped[0] if isinstance(shaped, list) else shaped}
    return found


def check(*texts: str) -> None:
    for text in texts:
        for secret in canaries():
            assert secret not in text
            assert secret.removeprefix("whsec_") not in text


def toml(given: Any, at: str = "") -> str:
    """Settings as a file."""
    lines, below = [], []
    for name, value in given.items():
        if isinstance(value, dict):
            below.append(f"[{at}{name}]\n{toml(value, f'{at}{name}.')}")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            below += [f"[[{at}{name}]]\n{toml(one, f'{at}{name}.')}" for one in value]
        else:
            lines.append(f"{name} = {json.dumps(value)}\n")
    return "".join(lines + below)


def said(*arguments: str, env: dict[str, str] | None = None) -> str:
    command = [sys.executable, "-m", "gateway", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **(env or {})}
    )
    return done.stdout + done.stderr


def test_every_secret_is_looked_at() -> None:
    """The places are found by the settings' types, and each has a canary that the settings take."""
    assert ("database", "url") in PLACES
    assert ("systems", "erp", "token") in PLACES
    assert ("events", "webhooks", "secrets") in PLACES
    assert {at[-1] for at in PLACES} <= set(SHAPES)
    settings = build(full())
    assert settings.systems.erp.token is not None
    assert CANARY in settings.systems.erp.token.get_secret_value()
    assert CANARY in settings.database.url.get_secret_value()


def test_settings_do_not_show_what_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither as text, nor dumped, nor in a log line or a traceback that has them."""
    settings = build(full())
    identity = repr(settings.identity) + str(settings.identity.tokens)
    check(repr(settings), str(settings), f"{settings!r:.100000}", identity)
    sections = "".join(repr(getattr(settings, name)) for name in Settings.model_fields)
    check(sections)
    before = structlog.get_config()
    handlers = logging.getLogger().handlers
    configure_logs("info", "json", out=sys.stderr)
    try:
        bug = RuntimeError(f"a bug near {settings.database} and {settings.events}")
        structlog.get_logger("test").error("failed", settings=settings, exc_info=bug)
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers = handlers
    told = capsys.readouterr()
    assert "a bug near" in told.err
    check(told.err, told.out)


@pytest.mark.parametrize("at", PLACES, ids=".".join)
@pytest.mark.parametrize("wrong", ["text", "list", "table", "nested", "number"])
def test_what_is_wrong_beside_a_secret_does_not_tell_it(at: Path_, wrong: str) -> None:
    """Whatever shape a secret comes in, and whatever is misspelt around it, no complaint repeats it."""
    secret = mark(at)
    shapes: dict[str, object] = {
        "text": f"whsec_{secret}",
        "list": [secret, {"deep": secret}],
        "table": {"mine": secret},
        "nested": {"value": [secret]},
        "number": 7,
    }
    given = laid(at, shapes[wrong])
    given["logs"] = {"level": "loud"}
    with pytest.raises(SettingsError) as failed:
        build(given)
    assert "logs.level" in str(failed.value)
    check(str(failed.value), repr(failed.value), "".join(traceback.format_exception(failed.value)))


@pytest.mark.parametrize("at", sorted({at[:-1] for at in PLACES}), ids=".".join)
def test_a_secret_in_place_of_its_section_is_not_told(at: Path_) -> None:
    """Who writes `database = "postgresql://..."` for the section's `url` is not quoted."""
    given = laid((*at, "x"), None)
    section: Any = given
    for part in at[:-1]:
        section = section[part]
        section = section[0] if isinstance(section, list) else section
    section[at[-1]] = f"{CANARY} and more"
    with pytest.raises(SettingsError) as failed:
        build(given)
    check(str(failed.value))


@pytest.mark.parametrize("database", ["postgresql", "mysql", "sqlite"])
def test_the_commands_print_none(tmp_path: Path, database: str) -> None:
    """`serve --check` and `--print-policies` say none of them, also when the database is away."""
    given = full()
    if database == "mysql":
        given["database"]["url"] = f"mysql://shop:{CANARY}@127.0.0.1:9/books"
    elif database == "sqlite":
        given["database"]["url"] = f"sqlite:///{tmp_path / 'books.db'}"
        given["cache"]["url"] = f"redis://:{CANARY}@127.0.0.1:9/0"
    config = tmp_path / "retailgraph.toml"
    config.write_text(toml(given))
    told = said("serve", "--check", "--config", str(config)), said("serve", "--print-policies", "--config", str(config))
    assert "Traceback" not in "".join(told)
    assert ("can be used" in told[0]) == (database == "sqlite")
    assert "slots_max" in told[1]
    check(*told)


@pytest.mark.parametrize(("section", "key"), [("database", "url"), ("cache", "url")])
def test_addresses_with_passwords_come_from_files(tmp_path: Path, section: str, key: str) -> None:
    """`url_file` stands for `url`, also from the environment; both at once, and a file that is not there, are told."""
    file = tmp_path / "url"
    file.write_text(f"postgresql://shop:{CANARY}@db/books\n")
    settings = build({"systems": SYSTEMS, section: {f"{key}_file": str(file)}})
    assert getattr(settings, section).url.get_secret_value() == f"postgresql://shop:{CANARY}@db/books"
    check(repr(settings))
    for wrong in ({"url": "sqlite:///a.db", "url_file": str(file)}, {"url_file": str(tmp_path / "none")}):
        with pytest.raises(SettingsError, match=section):
            build({"systems": SYSTEMS, section: wrong})


def test_the_environment_is_not_quoted(tmp_path: Path) -> None:
    """A secret that came from a variable is no better known than one from the file."""
    config = tmp_path / "retailgraph.toml"
    config.write_text(toml({"systems": SYSTEMS}))
    env = {"RETAILGRAPH_DATABASE__URL": f"oracle://shop:{CANARY}@db/books", "RETAILGRAPH_EVENTS": CANARY}
    told = said("serve", "--check", "--config", str(config), env=env)
    assert "Traceback" not in told
    check(told)
