"""Who is told the news, as the settings say."""

from __future__ import annotations

from contextlib import AsyncExitStack

import httpx
from httpx_aiohttp import AiohttpTransport

from cache import connect
from gateway.complaints import SettingsError
from gateway.events import Destination, stream, webhook
from gateway.settings import Settings

_CONNECT_TIMEOUT_S = 2.0


async def destinations(settings: Settings, stack: AsyncExitStack) -> tuple[Destination, ...]:
    """Every destination, its connections open until `stack` ends. Raises SettingsError for a stream without a store."""
    events, told = settings.events, []
    if events.webhooks:
        transport = AiohttpTransport(trust_env=False)
        # A receiver that is taken over could send us anywhere, with the event in our hands.
        client = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)
        await stack.enter_async_context(client)
        told += [webhook(name, one, client) for name, one in events.webhooks.items()]
    if events.stream is not None:
        if settings.cache.url is None:
            raise SettingsError("events.stream: needs a Redis or Valkey, at the address in cache.url")
        store = connect(settings.cache.url.get_secret_value(), timeout_s=_CONNECT_TIMEOUT_S, connections_max=1)
        stack.push_async_callback(store.aclose)
        told.append(stream(events.stream, store, events.stream_max))
    return tuple(told)
