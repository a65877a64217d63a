"""Who really asks, when proxies stand before us: the address and the scheme that trusted hops vouch for."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

HOPS_MAX = 16
"""A CDN, a balancer, an ingress and a sidecar are four. Who sends more of them is not believed at all."""

UNIX = "unix"
"""Among trusted proxies: whoever reached our Unix socket. It has no address; file permissions say who may."""

ForwardedBy = Literal["x-forwarded-for", "forwarded"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_PORTED = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
_PAIR = re.compile(r"[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:\"([^\"\\]*)\"|([^\s\";,]*))[ \t]*", re.ASCII)
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_SOCKET_SCHEMES = {"http": "ws", "https": "wss"}
_SEEN: Final = "state.retailgraph.seen"


class _Hop(NamedTuple):
    """What one proxy wrote down of whom it was asked by."""

    address: Address | None
    scheme: str | None


@dataclass(frozen=True)
class TrustedProxies:
    """The proxies that are believed: networks, and whether whoever reaches a Unix socket is one."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, given: Collection[str]) -> TrustedProxies:
        """Of addresses, networks and "unix". Raises ValueError for anything else."""
        networks = tuple(ipaddress.ip_network(one) for one in given if one != UNIX)
        return cls(networks, UNIX in given)

    def __contains__(self, address: object) -> bool:
        return any(address in network for network in self.networks)

    def __bool__(self) -> bool:
        return bool(self.networks) or self.unix


class Hops:
    """Middleware that lays the client's address and scheme over the peer's, as far as the hops between are trusted.

    Only the one header named `by` is read: a proxy that appends to `X-Forwarded-For` passes a `Forwarded` on as its
    client wrote it. Headers are walked from the right, where the nearest proxy writes, and the first address that is
    not trusted is the client; what stands left of it is hearsay and is never looked at. What cannot be read on the way
    there makes the peer itself the client.
    """

    def __init__(self, app: ASGIApp, trusted: TrustedProxies, by: ForwardedBy = "x-forwarded-for") -> None:
        self._app = app
        self._trusted = trusted
        self._trusts = bool(trusted)
        self._by = by

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, in the name of its client."""
        if self._trusts and scope["type"] in {"http", "websocket"}:
            scope = seen_through(scope, self._trusted, self._by)
        return self._app(scope, receive, send)


def seen_through(scope: Scope, trusted: TrustedProxies, by: ForwardedBy) -> Scope:
    """`scope` in the name of the client who asks. Found out once for a request, and kept with it."""
    if not trusted:
        return scope
    seen: Scope | None = scope.get(_SEEN)
    if seen is not None:
        return seen
    peer = address_of(scope["client"][0]) if scope.get("client") else None
    if peer not in trusted if scope.get("client") else not trusted.unix:
        return scope
    headers = Headers(scope=scope)
    written = headers.getlist(by)
    client = _client(_forwarded(written) if by == "forwarded" else _x_forwarded(written, headers), trusted)
    if client is None or client.address is None:
        return scope
    plain = _SCHEMES.get(client.scheme or "")
    scheme = scope["scheme"] if plain is None else plain
    if scope["type"] == "websocket" and plain is not None:
        scheme = _SOCKET_SCHEMES[plain]
    scope[_SEEN] = seen = {**scope, "client": (str(client.address), 0), "scheme": scheme}
    return seen


def _client(hops: Iterator[_Hop | None], trusted: TrustedProxies) -> _Hop | None:
    """The first hop from the right that is not trusted, or else the last there is; None when it cannot be told."""
    last = None
    for count, hop in enumerate(hops, 1):
        if hop is None or hop.address is None or count > HOPS_MAX:
            return None
        last = hop
        if hop.address not in trusted:
            break
    return last


def address_of(text: str) -> Address | None:
    """The address in `text`, an IPv4 one inside IPv6 as what it is; None for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _with_port(text: str) -> Address | None:
    """Of "192.0.2.1", "192.0.2.1:80", "2001:db8::1" or "[2001:db8::1]:80"."""
    ported = _PORTED.fullmatch(text)
    return address_of((ported[1] or ported[2]) if ported else text)


def _x_forwarded(written: list[str], headers: Headers) -> Iterator[_Hop | None]:
    """From the right: the addresses, each with the scheme that stands as far from the right.

    A proxy that knows only one scheme writes one: it is then that of every hop. A client can make us believe in https
    where a proxy passes the header on, and gains a Strict-Transport-Security that no browser reads off plain http.
    """
    schemes = list(_from_the_right(headers.getlist("x-forwarded-proto")))
    for place, text in enumerate(_from_the_right(written)):
        scheme = schemes[min(place, len(schemes) - 1)] if schemes else None
        yield _Hop(_with_port(text), None if scheme is None else scheme.lower())


def _from_the_right(written: list[str]) -> Iterator[str]:
    """The members of a comma-separated list, several lines of it joined (RFC 9110, 5.3), the last first."""
    for line in reversed(written):
        rest = line
        for _ in range(HOPS_MAX + 1):
            rest, comma, last = rest.rpartition(",")
            yield last.strip(" \t")
            if not comma:
                break


def _forwarded(written: list[str]) -> Iterator[_Hop | None]:
    """From the right: the elements of `Forwarded` (RFC 7239, 4). None for one that cannot be read."""
    for line in reversed(written):
        for element in _elements(line):
            yield _hop(element)


def _elements(line: str) -> Iterable[str]:
    """The elements of a line, the last first, split at commas outside of quotes.

    Read from the right on purpose: a quote that a client left open must not swallow what a proxy wrote behind it.
    """
    end, quoted = len(line), False
    for place in range(len(line) - 1, -1, -1):
        if line[place] == '"' and not _escaped(line, place):
            quoted = not quoted
        elif line[place] == "," and not quoted:
            yield line[place + 1 : end]
            end = place
    yield line[:end]


def _escaped(line: str, place: int) -> bool:
    before = line[max(0, place - 64) : place]  # a longer run of backslashes is nobody's quoting
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _hop(element: str) -> _Hop | None:
    said: dict[str, str] = {}
    for pair in element.split(";"):
        found = _PAIR.fullmatch(pair)
        if found is None or found[1].lower() in said:
            return None
        said[found[1].lower()] = found[3] if found[2] is None else found[2]
    scheme = said.get("proto")
    return _Hop(_with_port(said.get("for", "")), None if scheme is None else scheme.lower())
