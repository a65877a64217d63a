"""The `[audiences]` section: where their files are, and numbers that a deployment lays over them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo

from gateway.audiences.audience import Cors, Origin
from gateway.audiences.reading import Audiences, read_audiences
from gateway.identity.settings import AUDIENCES, is_audience
from gateway.limits import AudienceLimits, laid_over
from gateway.sections import Section


def _by_name(given: object) -> dict[str, object]:
    """What is said of each audience. Raises ValueError."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, dict):
        raise ValueError("a table of audiences; in the environment, a JSON object")  # noqa: TRY004 - pydantic's way
    return given


def _complete(given: object, info: ValidationInfo) -> object:
    """Lay the numbers that were given over those of the files, so that each is written down once."""
    by_name = _by_name(given)
    audiences = read_audiences(info.data.get("directory"))
    complete: dict[str, object] = {}
    # What stands before a slash first: `partner/acme` without a file is laid over the `partner` of these settings.
    for name in sorted(by_name):
        if not is_audience(name):
            raise ValueError(f"tables by audience: one of {', '.join(AUDIENCES)}, or partner/<name>; not {name!r}")
        own = audiences.of(name)
        before = None if own.name == name else complete.get(own.name)
        complete[name] = laid_over(before if isinstance(before, dict) else own.limits, by_name[name])
    return complete


def _known(given: object, info: ValidationInfo) -> object:
    """A table of audiences that exist, each with its origins."""
    by_name = _by_name(given)
    names = [audience.name for audience in read_audiences(info.data.get("directory"))]
    for name in by_name:
        if name not in names:
            raise ValueError(f"tables by audience: one of {', '.join(names)}; not {name!r}")
    return by_name


class AudienceSettings(Section):
    # None: those that come with the product, gateway/audiences/*.toml.
    directory: Path | None = None
    # By audience, as `limits` in its file: what fits one deployment need not stand in a file that others share.
    limits: Annotated[
        Mapping[str, AudienceLimits], BeforeValidator(_complete), Field(default={}, validate_default=True)
    ] = {}  # validated even so: what is wrong with the files is told while settings are read

    # By audience, beside those of its file: where a deployment's own pages are.
    origins: Annotated[Mapping[str, tuple[Origin, ...]], BeforeValidator(_known)] = {}

    def read(self) -> Audiences:
        """The audiences in force. Raises UnusableAudiences."""
        in_force = {audience.name: audience for audience in read_audiences(self.directory)}
        for name, origins in self.origins.items():
            pages = Cors(origins=(*in_force[name].cors.origins, *origins))
            in_force[name] = in_force[name].model_copy(update={"cors": pages})
        # After these: `partner/acme` without a file has what is said of `partner`, its pages among it.
        kinds = Audiences(in_force.values())
        for name, limits in self.limits.items():
            in_force[name] = kinds.of(name).model_copy(update={"name": name, "limits": limits})
        return Audiences(in_force.values())
