"""The house's own client: asks a Wire without the objects of a general HTTP client."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

import httpx

from domains.upstream.call import Call
from domains.upstream.letter import Letter, Site
from domains.upstream.transport import Wire


class Outbound:
    """Sends to one system through its Wire, with everything the Wire protects from.

    `httpx.AsyncClient` over the same Wire does as well, and is there for what is more than a request and its decoded
    answer. It builds URLs, headers, cookies, redirects and authentication anew for every call: 270 us of the processor
    where this takes 45. `url` stands before every path; `headers` go with every request.
    """

    def __init__(self, wire: Wire, url: str, headers: Mapping[str, str]) -> None:
        self._wire = wire
        self._site = Site(httpx.URL(url), tuple({"User-Agent": "retailgraph", **headers}.items()))

    # Both hand the Wire's coroutine on and have none of their own, which would be one more frame on every way back.

    def get(self, path: str, call: Call) -> Coroutine[Any, Any, object]:
        """What `call` decodes of the answer. Raises UpstreamError; ValueError for a path that is not escaped."""
        return self._wire.send(Letter(self._site, "GET", self._site.path + path), call)

    def post(
        self, path: str, body: bytes, call: Call, *, idempotency_key: str | None = None
    ) -> Coroutine[Any, Any, object]:
        """As `get`, with a body in the content type that the headers name, and the key if the system is to have one."""
        own = () if idempotency_key is None else (("Idempotency-Key", idempotency_key),)
        return self._wire.send(Letter(self._site, "POST", self._site.path + path, body, own), call)
