"""Opening a Wire over real connections."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Sequence

import httpx

from domains.upstream.events import Hook
from domains.upstream.lines import Lines
from domains.upstream.policy import DEFAULTS, WirePolicy
from domains.upstream.transport import Wire
from domains.vocabulary import ServingPath, SystemRole


def open_wire(
    system: SystemRole,
    policy: WirePolicy | None = None,
    *,
    hooks: Sequence[Hook] = (),
    shut_to: frozenset[ServingPath] = frozenset(),
) -> Wire:
    """A Wire with connections of its own, of which as many are kept as it has slots. Connects on first use; close it
    with `aclose`.

    Not over httpx's own pool, which does not survive cancelled requests when it is small. Redirects are not followed,
    proxies and certificates of the environment are not used, and cookies are not kept: a session that one caller was
    given must not answer the next.
    """
    policy = policy or DEFAULTS[system]
    lines = Lines(_tls(), idle_max=policy.slots_max)
    return Wire(system, policy, lines, hooks=hooks, shut_to=shut_to)


@functools.cache
def _tls() -> ssl.SSLContext:
    """One for all Wires: reading the certificates takes 30 ms, and nothing in it belongs to one system."""
    return httpx.create_ssl_context(trust_env=False)
