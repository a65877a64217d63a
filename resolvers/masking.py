"""Personal data for callers who may not read it: a field answers as much of it as lets people tell one from another.

Fields are masked one by one, in the views of audiences that mask their kind. A view that masks nothing is not touched.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final

from graphql import GraphQLField, default_field_resolver, is_list_type, is_non_null_type

from resolvers.marks import PiiKind

READS: Final = "pii:read"
"""The scope of callers who read personal data as it is."""

HIDDEN: Final = "***"


def masked_field(field: GraphQLField, kind: PiiKind) -> GraphQLField:
    """A copy of `field` that answers a masked value, except to callers who hold the scope `pii:read`.

    Its `extensions["masks"]` says the kind, for whoever would resolve the field in another way than by its resolver.
    """
    resolve = field.resolve or default_field_resolver
    mask = _mask_of(field, kind)

    def resolved(source: Any, info: Any, **arguments: Any) -> Any:
        value = resolve(source, info, **arguments)
        if READS in info.context.caller.scopes:
            return value
        return _later(value, mask) if inspect.isawaitable(value) else mask(value)

    masked = copy.copy(field)
    masked.resolve = resolved
    masked.extensions = {**field.extensions, "masks": kind}
    return masked


def masked(text: str, kind: PiiKind) -> str:
    """What is shown of `text`: j***@e***.com, ***42, A. L., or nothing of it."""
    return _FORMS.get(kind, _nothing)(text)


def _mask_of(field: GraphQLField, kind: PiiKind) -> Callable[[Any], Any]:
    """How the values of this field are masked: nothing is shown of what has no form, as null where that is allowed."""
    required = is_non_null_type(field.type)
    in_list = is_list_type(field.type.of_type if is_non_null_type(field.type) else field.type)
    blank: Any = ([] if in_list else HIDDEN) if required else None

    def mask(value: Any) -> Any:
        if value is None or isinstance(value, Exception):
            return value
        return masked(value, kind) if isinstance(value, str) and kind in _FORMS else blank

    return mask


async def _later(value: Awaitable[Any], mask: Callable[[Any], Any]) -> Any:
    return mask(await value)


def _email(address: str) -> str:
    mailbox, at, host = address.rpartition("@")
    if not (mailbox and at and host):
        return HIDDEN
    name, dot, top = host.rpartition(".")
    return f"{mailbox[0]}{HIDDEN}@{name[:1]}{HIDDEN}{dot}{top if dot else ''}"


def _phone(number: str) -> str:
    digits = [character for character in number if character.isdigit()]
    return HIDDEN + "".join(digits[-2:]) if len(digits) > 4 else HIDDEN


def _name(name: str) -> str:
    return " ".join(f"{word[0]}." for word in name.split() if word[0].isalnum()) or HIDDEN


def _nothing(_: str) -> str:
    return HIDDEN


_FORMS: dict[PiiKind, Callable[[str], str]] = {PiiKind.EMAIL: _email, PiiKind.PHONE: _phone, PiiKind.NAME: _name}
