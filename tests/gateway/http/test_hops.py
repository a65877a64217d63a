"""Who really asks: what trusted proxies say of it, and nothing that anybody else does."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from gateway.http import ForwardedBy, Hops, TrustedProxies

TRUSTED = ("10.0.0.0/8", "2001:db8:ff::/48")
SCHEMES = ("X-Forwarded-Proto", "http, https, http")
Headers = Sequence[tuple[str, str]]


async def seen(
    headers: Headers,
    *,
    peer: str | None = "10.0.0.1",
    trusted: Sequence[str] = TRUSTED,
    by: ForwardedBy = "x-forwarded-for",
    kind: str = "http",
) -> tuple[str | None, str]:
    """The client's address and the scheme that the application is told."""
    heard: list[Scope] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        heard.append(scope)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    async def send(_: Message) -> None:
        raise AssertionError("nothing is sent")

    raw = [(name.lower().encode(), value.encode("utf-8", "surrogatepass")) for name, value in headers]
    scheme = "http" if kind == "http" else "ws"
    client = None if peer is None else (peer, 4711)
    scope: dict[str, Any] = {"type": kind, "scheme": scheme, "client": client, "headers": raw}
    await Hops(app, TrustedProxies.parse(trusted), by)(scope, receive, send)
    (told,) = heard
    return told["client"] and told["client"][0], told["scheme"]


@pytest.mark.parametrize(
    ("headers", "client", "scheme"),
    [
        ([], "10.0.0.1", "http"),
        ([("X-Forwarded-For", "203.0.113.7")], "203.0.113.7", "http"),
        ([("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")], "203.0.113.7", "https"),
        ([("X-Forwarded-For", "1.1.1.1, 203.0.113.7, 10.9.9.9")], "203.0.113.7", "http"),
        ([("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "203.0.113.7, 10.9.9.9")], "203.0.113.7", "http"),
        ([("X-Forwarded-For", "203.0.113.7:51234")], "203.0.113.7", "http"),
        ([("X-Forwarded-For", "[2001:db8::7]:51234")], "2001:db8::7", "http"),
        ([("X-Forwarded-For", "2001:db8::7,2001:db8:ff::1")], "2001:db8::7", "http"),
        ([("X-Forwarded-For", "::ffff:203.0.113.7")], "203.0.113.7", "http"),
        ([("X-Forwarded-For", "10.1.1.1, 10.2.2.2")], "10.1.1.1", "http"),
        ([("X-Forwarded-For", "203.0.113.7, unknown")], "10.0.0.1", "http"),
        ([("X-Forwarded-For", "")], "10.0.0.1", "http"),
        ([("X-Forwarded-For", "203.0.113.7, ,10.1.1.1")], "10.0.0.1", "http"),
        ([("X-Forwarded-For", "1.1.1.1, 2.2.2.2, 10.0.0.3"), SCHEMES], "2.2.2.2", "https"),
        ([("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "gopher")], "203.0.113.7", "http"),
        ([("Forwarded", "for=9.9.9.9"), ("X-Forwarded-For", "203.0.113.7")], "203.0.113.7", "http"),
        ([("X-Forwarded-For", ", ".join(["203.0.113.7", *["10.0.0.2"] * 16]))], "10.0.0.1", "http"),
    ],
)
async def test_the_nearest_address_that_is_not_trusted_asks(headers: Headers, client: str, scheme: str) -> None:
    """X-Forwarded-For is walked from the right, over lines; what cannot be read on the way leaves the peer."""
    assert await seen(headers) == (client, scheme)


@pytest.mark.parametrize(
    ("value", "client", "scheme"),
    [
        ("for=203.0.113.7;proto=https", "203.0.113.7", "https"),
        ('For="[2001:db8::7]:4711" ; by=10.0.0.1', "2001:db8::7", "http"),
        ("for=1.1.1.1, for=203.0.113.7;proto=HTTPS, for=10.9.9.9;proto=http", "203.0.113.7", "https"),
        ('for="1.1.1.1, for=203.0.113.7', "203.0.113.7", "http"),
        ('for=1.1.1.1;host="a\\", for=203.0.113.7', "203.0.113.7", "http"),
        ('for=203.0.113.7;host="a, for=9.9.9.9"', "203.0.113.7", "http"),
        ("for=_hidden", "10.0.0.1", "http"),
        ("for=203.0.113.7;for=9.9.9.9", "10.0.0.1", "http"),
        ("proto=https", "10.0.0.1", "http"),
        ("", "10.0.0.1", "http"),
    ],
)
async def test_the_standard_header_is_read_where_it_is_the_one(value: str, client: str, scheme: str) -> None:
    """Forwarded (RFC 7239) is read instead, with its quotes, where the settings name it."""
    told = [("Forwarded", value), ("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-Proto", "https")]
    assert await seen(told, by="forwarded") == (client, scheme)


async def test_nobody_is_believed_until_somebody_is_named() -> None:
    """Without trusted proxies, and from a peer that is none, the headers say nothing."""
    told = [("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=9.9.9.9")]
    assert await seen(told, trusted=()) == ("10.0.0.1", "http")
    assert await seen(told, peer="203.0.113.7") == ("203.0.113.7", "http")


async def test_a_unix_socket_is_trusted_by_name() -> None:
    """Behind a Unix socket there is no address; its headers count where "unix" is among the trusted."""
    told = [("X-Forwarded-For", "203.0.113.7")]
    assert await seen(told, peer=None) == (None, "http")
    assert await seen(told, peer=None, trusted=("unix",)) == ("203.0.113.7", "http")


async def test_a_socket_that_came_by_tls_is_wss() -> None:
    """The scheme of a WebSocket is its own."""
    told = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")]
    assert await seen(told, kind="websocket") == ("203.0.113.7", "wss")


@pytest.mark.parametrize("wrong", ["10.0.0.0/33", "proxy.example", "", "10.0.0.1/8"])
def test_what_is_no_network_is_refused(wrong: str) -> None:
    """Names, and networks with bits beyond their length, are told when the settings are read."""
    with pytest.raises(ValueError, match=r".*"):
        TrustedProxies.parse([wrong])


# What a client may put into a header line: anything a server lets through, with a liking for what is special here.
LINES = st.text(st.sampled_from('0123456789abcdef.:,;="[]\\ \tforproto_-'), max_size=60) | st.text(
    st.characters(min_codepoint=32, max_codepoint=255), max_size=40
)
OUTSIDE = st.ip_addresses().filter(
    lambda one: (
        not any(one in ipaddress.ip_network(network) for network in TRUSTED)
        and getattr(one, "ipv4_mapped", None) is None
        and getattr(one, "scope_id", None) is None
    )
)


@given(client=OUTSIDE, lines=st.lists(LINES, max_size=3), hops=st.integers(0, 3), joined=st.booleans())
async def test_a_client_cannot_say_who_it_is(
    client: ipaddress.IPv4Address | ipaddress.IPv6Address, lines: list[str], hops: int, joined: bool
) -> None:
    """Whatever stands in the headers of an untrusted client, the address that counts is the one its first hop saw."""
    trusted = [f"10.0.0.{number + 2}" for number in range(hops)]
    told = [str(client), *trusted]
    literal = f'"[{client}]"' if client.version == 6 else str(client)
    elements = [f"for={literal}", *(f"for={one}" for one in trusted)]
    for name, by, appended in (
        ("X-Forwarded-For", "x-forwarded-for", ", ".join(told)),
        ("Forwarded", "forwarded", ", ".join(elements)),
    ):
        written = [(name, line) for line in lines]
        if joined and written:
            written[-1] = (name, f"{written[-1][1]}, {appended}")
        else:
            written.append((name, appended))
        assert (await seen(written, by=by))[0] == str(client)  # type: ignore[arg-type]  # one of the two names
        # And with nothing in between, its own peer address stands.
        assert (await seen([(name, line) for line in lines], peer=str(client), by=by))[0] == str(client)  # type: ignore[arg-type]  # likewise
