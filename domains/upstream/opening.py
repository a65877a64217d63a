"""Opening a Wire over real connections."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from domains.upstream.events import Hook
from domains.upstream.policy import DEFAULTS, WirePolicy
from domains.upstream.transport import Wire
from domains.vocabulary import ServingPath, SystemRole

# Common servers close an idle connection after 5 s (uvicorn) or more: we let go first, else a write may be sent into a
# connection that is just being closed, and nobody knows whether it arrived.
KEEPALIVE_S = 4.0
DNS_TTL_S = 30  # a failover by DNS is seen within half a minute, and a slow resolver is asked twice a minute


def open_wire(
    system: SystemRole,
    policy: WirePolicy | None = None,
    *,
    hooks: Sequence[Hook] = (),
    shut_to: frozenset[ServingPath] = frozenset(),
) -> Wire:
    """A Wire with its own pool of as many connections as it has slots. Connects on first use; close it with `aclose`.

    Built over aiohttp, because httpx's own pool does not survive cancelled requests when it is small. Redirects are not
    followed, proxies and certificates of the environment are not used, and cookies are not kept: a session that one
    caller was given must not answer the next.
    """
    policy = policy or DEFAULTS[system]
    tls = httpx.create_ssl_context(trust_env=False)

    def session() -> aiohttp.ClientSession:
        # Called by the transport inside the running loop, which the pool then belongs to.
        connector = aiohttp.TCPConnector(
            limit=policy.slots_max, ssl=tls, ttl_dns_cache=DNS_TTL_S, keepalive_timeout=KEEPALIVE_S
        )
        made = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        # It would send a GET, PUT or DELETE again by itself when the connection is lost, past the Wire's own count.
        made._retry_connection = False  # noqa: SLF001 - aiohttp's only switch for it; its own test client throws it too
        return made

    return Wire(
        system, policy, AiohttpTransport(verify=tls, trust_env=False, client=session), hooks=hooks, shut_to=shut_to
    )
