"""The `[limits]` section: of one document, and of each audience."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator

from gateway.limits.document import DocumentLimits
from gateway.limits.policy import AUDIENCES, AudienceLimits, limits_of

_NESTED = ("cost_max", "budget_per_min")


def _complete(given: object) -> object:
    """Lay the numbers that were given over the defaults of each audience, so that each is written down once."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, dict):
        raise ValueError("a table of audiences; in the environment, a JSON object")  # noqa: TRY004 - pydantic's way
    complete: dict[str, object] = {}
    # What stands before a slash first: `partner/acme` is laid over the `partner` of the same settings.
    for name in sorted({**AUDIENCES, **given}):
        before = complete.get(name.partition("/")[0])
        numbers = before if isinstance(before, dict) else asdict(limits_of(name))
        complete[name] = _over(numbers, given.get(name, {}))
    return complete


def _over(defaults: Mapping[str, Any], given: object) -> object:
    if not isinstance(given, dict):
        return given
    numbers = dict(defaults)
    for name in _NESTED:
        own = given.get(name, {})
        numbers[name] = {**numbers[name], **own} if isinstance(own, dict) else own
    return numbers | {name: value for name, value in given.items() if name not in _NESTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings(DocumentLimits):
    """The limits of a document, and those of whoever sends it."""

    # Each number has its reason in gateway/limits/policy.py. An audience that is not named here has those of `partner`.
    audiences: Annotated[Mapping[str, AudienceLimits], BeforeValidator(_complete)] = field(
        default_factory=lambda: dict(AUDIENCES)
    )
