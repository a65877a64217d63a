"""What is wrong with a deployment's settings, in sentences an operator can act upon.

Holds no setting: it reads the declared types to say what is allowed, and never repeats a secret.
"""

from __future__ import annotations

import difflib
import os
import re
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from gateway.trouble import CannotStart

Key = tuple[str | int, ...]

_SECRET = {"token", "sha256"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_KINDS: dict[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "the path of a file",
}


class SettingsError(CannotStart):
    """The settings cannot be used. One line per problem, each with its key and what is allowed."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        many = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"The settings cannot be used: {many}.", *(f"  {line}" for line in problems)]))


def dotted(key: Key) -> str:
    """`("identity", "tokens", 0, "sha256")` is `identity.tokens[0].sha256`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".")


def unknown_key(key: Key, allowed: list[str]) -> str:
    near = difflib.get_close_matches(str(key[-1]), allowed, n=1)
    advice = f"; did you mean `{near[0]}`?" if near else ";"
    return f"unknown key `{dotted(key)}`{advice} allowed: {', '.join(allowed)}"


def wrong_value(key: Key, value: object, allowed: str, origin: str = "", *, secret: bool = False) -> str:
    """Say that `value` stands at `key` where only `allowed` may. Sections and secrets are not repeated."""
    if secret or _SECRET & set(key) or isinstance(value, dict | list | tuple):
        shown = "cannot be used"
    else:
        shown = f"is {_shown(value)!r}"
    return f"`{dotted(key)}` {shown}{origin}; allowed: {allowed}"


def _shown(value: object) -> object:
    """`value`, without what stands before the last @: an address may carry a password there, of any characters, and
    what is wrong with it may be that it has no scheme."""
    if not isinstance(value, str) or "@" not in value:
        return value
    scheme = _SCHEME.match(value)
    return f"{scheme[0] if scheme else ''}...@{value.rpartition('@')[2]}"


def complaints(root: type[BaseModel], exc: ValidationError, env_prefix: str) -> list[str]:
    """One sentence per error of `exc`, which validating `root` raised."""
    return [_sentence(root, error, env_prefix) for error in exc.errors(include_url=False)]


def _sentence(root: type[BaseModel], error: Mapping[str, Any], env_prefix: str) -> str:
    key: Key = error["loc"]
    kind: str = error["type"]
    if kind in {"extra_forbidden", "unexpected_keyword_argument"}:
        return unknown_key(key, sorted(_members(_at(root, key[:-1]))))
    allowed = _allowed(_at(root, key))
    if kind in {"missing", "missing_argument"}:
        return f"`{dotted(key)}` is missing; allowed: {allowed}"
    if kind == "value_error":
        allowed = str(error["ctx"]["error"])
    return wrong_value(key, error["input"], allowed, _origin(key, env_prefix), secret=_holds_secret(_at(root, key)))


def _origin(key: Key, env_prefix: str) -> str:
    """Where the value came from, when that is not the file."""
    name = env_prefix + "__".join(str(part) for part in key).upper()
    return f" (from {name})" if name in os.environ else ""


def _members(declared: Any) -> dict[str, Any]:
    """The keys of a section and what each is declared as."""
    if isinstance(declared, FieldInfo):
        declared = declared.annotation
    if isinstance(declared, type) and issubclass(declared, BaseModel):
        return dict(declared.model_fields)
    if isinstance(declared, type) and is_dataclass(declared):
        hints = get_type_hints(declared, include_extras=True)
        return {field.name: hints[field.name] for field in fields(declared)}
    return {}


def _holds_secret(declared: Any) -> bool:
    """Whether a secret may stand there, or anywhere below: what stands in the wrong place may be one, too."""
    annotation = declared.annotation if isinstance(declared, FieldInfo) else declared
    if annotation is SecretStr or any(_holds_secret(member) for member in get_args(annotation)):
        return True
    return any(name in _SECRET or _holds_secret(member) for name, member in _members(annotation).items())


def _at(root: type[BaseModel], key: Key) -> Any:
    declared: Any = root
    for part in key:
        if isinstance(part, int):
            annotation = declared.annotation if isinstance(declared, FieldInfo) else declared
            declared = (get_args(annotation) or (str,))[0]
        else:
            declared = _members(declared).get(part) or _valued(declared)
    return declared


def _valued(declared: Any) -> Any:
    """What each value of a table with free keys is declared as."""
    annotation = declared.annotation if isinstance(declared, FieldInfo) else declared
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_args(annotation)[1] if get_origin(annotation) in (dict, Mapping) else str


def _allowed(declared: Any) -> str:
    if isinstance(declared, FieldInfo):
        if declared.description:
            return declared.description
        return _kind(declared.annotation) + _range(declared.metadata)
    return _kind(declared)


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_kind(member) for member in get_args(annotation) if member is not type(None))
    if members := _members(annotation):
        return f"a section with {', '.join(sorted(members))}"
    return _KINDS.get(annotation, "a list" if get_origin(annotation) in (tuple, list) else "a text")


def _range(metadata: list[Any]) -> str:
    said = []
    for rule in metadata:
        match rule:
            case Ge(ge=bound):
                said.append(f"at least {bound}")
            case Gt(gt=bound):
                said.append(f"more than {bound}")
            case Le(le=bound):
                said.append(f"at most {bound}")
            case Lt(lt=bound):
                said.append(f"less than {bound}")
    return f", {' and '.join(said)}" if said else ""
