"""The messages of graphql-transport-ws: read from text, and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from gateway.engine import Fault
from gateway.http import GraphQLRequest, HttpFault, HttpSettings, decode_json, request_of

ID_MAX = 255


class Invalid(Exception):
    """Not a message of the protocol."""


@dataclass(frozen=True, slots=True)
class Init:
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ping:
    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class Subscribe:
    id: str
    asked: GraphQLRequest


@dataclass(frozen=True, slots=True)
class Complete:
    id: str


FromClient: TypeAlias = Init | Ping | Pong | Subscribe | Complete


def read_message(text: str, settings: HttpSettings) -> FromClient:
    """The message in a text frame. Raises Invalid."""
    try:
        given = decode_json(text.encode(), settings.json_depth_max, "The message")
        if not isinstance(given, dict):
            raise Invalid("A message is a JSON object.")
        return _message(given)
    except (HttpFault, UnicodeEncodeError) as bad:
        raise Invalid(str(bad)) from bad


def _message(given: Mapping[str, object]) -> FromClient:
    match given.get("type"):
        case "connection_init":
            return Init(_payload(given))
        case "ping":
            return Ping(_payload(given))
        case "pong":
            _payload(given)
            return Pong()
        case "subscribe":
            return Subscribe(_id(given), request_of(_payload(given)))
        case "complete":
            return Complete(_id(given))
        case _:
            raise Invalid("A message has a type: connection_init, ping, pong, subscribe or complete.")


def _payload(given: Mapping[str, object]) -> Mapping[str, object]:
    payload = given.get("payload")
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise Invalid("A payload is a JSON object.")
    return payload


def _id(given: Mapping[str, object]) -> str:
    id_ = given.get("id")
    if not isinstance(id_, str) or not 1 <= len(id_) <= ID_MAX:
        raise Invalid(f"An id is a text of 1 to {ID_MAX} characters.")
    return id_


ACK = '{"type":"connection_ack"}'
PING = '{"type":"ping"}'
PONG = '{"type":"pong"}'


def pong(payload: Mapping[str, object]) -> str:
    return orjson.dumps({"type": "pong", "payload": dict(payload)}).decode() if payload else PONG


def next_(id_: str, body: bytes) -> str:
    """`body` is the JSON of an execution result."""
    return f'{{"id":{_text(id_)},"type":"next","payload":{body.decode()}}}'


def error(id_: str, faults: Sequence[Fault]) -> str:
    return f'{{"id":{_text(id_)},"type":"error","payload":{orjson.dumps(faults).decode()}}}'


def complete(id_: str, reason: str | None = None) -> str:
    """With why, where the operation did not come to its own end."""
    said = "" if reason is None else f',"extensions":{{"reason":{_text(reason)}}}'
    return f'{{"id":{_text(id_)},"type":"complete"{said}}}'


def _text(value: str) -> str:
    return orjson.dumps(value).decode()
