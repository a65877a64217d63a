"""What the ledger keeps of a mutation: the fingerprint of its input, and the record that was answered."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
import strawberry

from domains.vocabulary import Record

_KEY: Final = "idempotency_key"
_EXACT: Final = decimal.Context(prec=decimal.MAX_PREC)


class KeptAnswer(NamedTuple):
    """`answered_at` is when it was answered first, in seconds since the epoch."""

    answer: Record
    answered_at: float


class _Envelope(Record, frozen=True, kw_only=True):
    type: str
    value: msgspec.Raw
    answered_at: float


def written_answer(answer: Record, answers: tuple[type[Record], ...], now: datetime) -> bytes:
    """`answer` as JSON that names its type. Raises TypeError for one that is not of the `answers`."""
    if type(answer) not in answers:
        raise TypeError(f"{type(answer).__name__} is none of the answers that this mutation keeps")
    value = msgspec.Raw(msgspec.json.encode(answer))
    return msgspec.json.encode(
        _Envelope(type=type(answer).__name__, value=value, answered_at=now.timestamp()),
    )


def read_answer(kept: bytes, answers: tuple[type[Record], ...]) -> KeptAnswer:
    """What `written_answer` wrote. Raises msgspec.DecodeError, and LookupError for none of the `answers`."""
    envelope = msgspec.json.decode(kept, type=_Envelope)
    shape = next((one for one in answers if one.__name__ == envelope.type), None)
    if shape is None:
        raise LookupError(f"a kept answer is a {envelope.type}, which this mutation does not answer")
    return KeptAnswer(msgspec.json.decode(envelope.value, type=shape), envelope.answered_at)


def fingerprint(input_: object) -> str:
    """The same for inputs that ask for the same, however their numbers are written; the key is left out.

    A member that is null counts as left out, so that an optional one may be added to an input while writes are kept.
    """
    asked = {name: value for name, value in _members(input_).items() if name != _KEY}
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))  # ASCII: a lone surrogate stays one
    return hashlib.sha256(text.encode()).hexdigest()


def _members(input_: Any) -> dict[str, Any]:
    given = {field.name: getattr(input_, field.name) for field in dataclasses.fields(input_)}
    return {name: _plain(value) for name, value in given.items() if value is not None and value is not strawberry.UNSET}


def _plain(value: Any) -> Any:
    """As JSON, with one form for each value. Raises TypeError for what no input holds."""
    if isinstance(value, Decimal):
        return str(_EXACT.normalize(value))
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, date):
        return (value.astimezone(UTC) if isinstance(value, datetime) else value).isoformat()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if dataclasses.is_dataclass(value):
        return _members(value)
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError(f"{type(value).__name__} in an input has no fingerprint")
    return value
