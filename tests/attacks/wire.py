"""Requests byte by byte, for senders who do not keep to HTTP, and what comes back."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
Headers = Iterable[tuple[str, str]]
_HEAD_MAX = 256 * 1024


@dataclass(frozen=True)
class Got:
    """One answer. `status` is 0 where the connection ended without one."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float

    def header(self, name: str) -> str | None:
        return next((value for own, value in self.headers if own.lower() == name.lower()), None)

    @property
    def size(self) -> int:
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)

    @property
    def text(self) -> str:
        """Everything that was sent to us, as somebody would read it who looks for something."""
        lines = (f"{name}: {value}" for name, value in self.headers)
        return "\n".join([*lines, "", self.body.decode("utf-8", "replace")])

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the errors, as GraphQL or problem details have them; empty without any."""
        try:
            said = json.loads(self.body)
        except ValueError:
            return frozenset()
        if not isinstance(said, dict):
            return frozenset()
        if "code" in said:
            return frozenset({str(said["code"])})
        return frozenset(str(one.get("extensions", {}).get("code")) for one in said.get("errors", ()))


def sent(port: int, raw: bytes, timeout_s: float = 20.0) -> Got:
    """The first answer to `raw`, written to a connection of its own; whoever has read enough may hang up on us."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as wire:
        wire.settimeout(timeout_s)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            wire.sendall(raw)  # refused before all of it was read, which is the point of some attacks
        response = http.client.HTTPResponse(wire, method=raw[:4].decode("latin-1"))  # a HEAD has no body
        try:
            response.begin()
            body = response.read()
            headers = tuple(response.getheaders())
            status = response.status
        except (http.client.HTTPException, ConnectionError):
            status, headers, body = 0, (), b""
        finally:
            response.close()
    return Got(status, headers, body, time.monotonic() - began)


def request(
    method: str = "POST",
    path: str = "/graphql",
    body: bytes = b"",
    *,
    more: Headers = (),
    content_type: str | None = JSON,
    accept: str | None = GRAPHQL,
    token: str | None = None,
    framed: bool = True,
) -> bytes:
    """The bytes of one well-formed request, except for what it is given. `framed` announces the length of the body."""
    headers = [("Host", "127.0.0.1"), ("Connection", "close")]
    headers += [("Accept", accept)] if accept is not None else []
    headers += [("Content-Type", content_type)] if content_type is not None and method != "GET" else []
    headers += [("Authorization", f"Bearer {token}")] if token is not None else []
    headers += [("Content-Length", str(len(body)))] if framed and method != "GET" else []
    head = "".join(f"{name}: {value}\r\n" for name, value in [*headers, *more])
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def ask(
    document: str, variables: object = None, *, token: str | None = None, more: Headers = (), **beside: object
) -> bytes:
    """A document by POST, with variables; `beside` stands next to it in the body."""
    asked = {"query": document} | ({} if variables is None else {"variables": variables}) | beside
    return request(body=json.dumps(asked).encode(), token=token, more=more)


def said(body: str | bytes, *, token: str | None = None, more: Headers = ()) -> bytes:
    """A body that is to be taken for JSON, whatever it is."""
    return request(body=body.encode() if isinstance(body, str) else body, token=token, more=more)


def get(parameters: Iterable[tuple[str, str]], *, token: str | None = None, more: Headers = ()) -> bytes:
    """By GET."""
    return request("GET", "/graphql?" + urlencode(list(parameters)), token=token, more=more)
