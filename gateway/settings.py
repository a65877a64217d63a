"""The settings of a deployment, read once, at the start.

One TOML file and the environment: `RETAILGRAPH_SERVER__PORT=80` is `port` under `[server]`, and wins over the file.
`example.toml` beside this file shows every key. What is wrong is said by `SettingsError`, one line per problem.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from gateway.answers import AnswerSettings
from gateway.audiences import AudienceSettings
from gateway.audit.settings import AuditSettings
from gateway.complaints import SettingsError, complaints, unknown_key
from gateway.documents.settings import Documents
from gateway.events.settings import Events
from gateway.http import HttpSettings
from gateway.identity.settings import Identity
from gateway.limits import DocumentLimits
from gateway.reconcile.settings import Reconciliation
from gateway.sections import (
    Cache,
    Database,
    Durable,
    Engine,
    Explorer,
    GatheringAsks,
    Logs,
    Metrics,
    Projection,
    PromiseSigning,
    Server,
)
from gateway.streams import StreamSettings
from gateway.systems import Systems

CONFIG_VARIABLE = "RETAILGRAPH_CONFIG"
ENV_PREFIX = "RETAILGRAPH_"


class Settings(BaseSettings):
    """A deployment. Made by `load`, or by hand in tests."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, env_prefix=ENV_PREFIX, env_nested_delimiter="__"
    )

    server: Server = Server()
    http: HttpSettings = HttpSettings()
    streams: StreamSettings = StreamSettings()
    limits: DocumentLimits = DocumentLimits()
    audiences: AudienceSettings = AudienceSettings()
    documents: Documents = Documents()
    systems: Systems
    database: Database = Database()
    audit: AuditSettings = AuditSettings()
    durable: Durable = Durable()
    events: Events = Events()
    projection: Projection = Projection()
    reconcile: Reconciliation = Reconciliation()
    promises: PromiseSigning = PromiseSigning()
    cache: Cache = Cache()
    answers: AnswerSettings = AnswerSettings()
    gathering: GatheringAsks = GatheringAsks()
    identity: Identity = Identity()
    logs: Logs = Logs()
    metrics: Metrics = Metrics()
    engine: Engine = Engine()
    explorer: Explorer = Explorer()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library calls it by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then the file. No `.env` and no secret directories: two places are enough to look in."""
        return env_settings, init_settings


def load(path: Path | None = None) -> Settings:
    """The settings of `path`, or of the file that RETAILGRAPH_CONFIG names, under those of the environment.

    Raises SettingsError with every problem found.
    """
    named = path or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    return build(_parsed(named) if named else {})


def build(given: Mapping[str, Any]) -> Settings:
    """The settings that `given` (the content of a file) and the environment make. Raises SettingsError."""
    strays = _strays()
    try:
        settings = Settings(**given)
    except UnreadableVariable as exc:
        raise SettingsError(*strays, f"a variable is not JSON, and a whole section in one must be: {exc}") from None
    except ValidationError as exc:
        raise SettingsError(*strays, *complaints(Settings, exc, ENV_PREFIX)) from None
    if strays:
        raise SettingsError(*strays)
    return settings


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"the file {path} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"the file {path} is not TOML: {exc}") from exc


def _strays() -> list[str]:
    """Variables that look like settings and would otherwise be ignored in silence."""
    sections = sorted(Settings.model_fields)
    found = []
    for name in sorted(os.environ):
        key = name.removeprefix(ENV_PREFIX).lower().split("__")
        if name.startswith(ENV_PREFIX) and name != CONFIG_VARIABLE and key[0] not in sections:
            found.append(f"{unknown_key((key[0],), sections)} (from {name})")
    return found
