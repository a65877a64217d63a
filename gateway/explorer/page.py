"""Serves the page: GraphiQL where `make assets` has built it, our own small page everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

_HERE = Path(__file__).parent
OWN = _HERE / "own"
BUILT = _HERE / "static"

_NOTHING_FROM_ELSEWHERE = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
# GraphiQL's editor writes style elements as it runs, brings fonts and images inline, and has its language in workers.
_GRAPHIQL_NEEDS = (
    f"{_NOTHING_FROM_ELSEWHERE}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
    " worker-src 'self'"
)

# What a page needs beyond the headers of every answer (gateway/http/hardening.py).
_SECURITY = {
    "X-Frame-Options": "DENY",  # what frame-ancestors says, for browsers before 2016
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A caller the page can ask as: a name, and the Authorization header to send. For demonstrations only."""

    name: str
    authorization: str


def first_query() -> str:
    """The query a newcomer finds in the editor."""
    return (_HERE / "first.graphql").read_text(encoding="utf-8")


class Files(StaticFiles):
    """Static files with the page's security headers and a lifetime that fits them."""

    def __init__(self, folder: Path, headers: dict[str, str]) -> None:
        super().__init__(directory=folder)
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The build names its files by their content, so they never change; ours are asked for again, by ETag.
        kept = "public, max-age=31536000, immutable" if "/assets/" in scope["path"] else "no-cache"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({**self._headers, "Cache-Control": kept})
            await send(message)

        try:
            await super().__call__(scope, receive, send_with_headers)
        except HTTPException as exc:
            locked = {**self._headers, "Cache-Control": "no-store"}
            raise HTTPException(exc.status_code, exc.detail, headers=locked) from exc


def explorer_routes(
    endpoint: str = "/graphql", samples: Sequence[Sample] = (), built: Path | None = None
) -> list[BaseRoute]:
    """The page at `/`, what it loads under `/explorer/`, and `/explorer.json`, which tells it where to ask and what.

    `built` is the folder of a GraphiQL build; by default the package's own, if it has one.
    """
    folder = built or BUILT
    graphiql = (folder / "index.html").is_file()
    headers = {**_SECURITY, "Content-Security-Policy": _GRAPHIQL_NEEDS if graphiql else _NOTHING_FROM_ELSEWHERE}
    welcome = {"endpoint": endpoint, "query": first_query(), "callers": [asdict(sample) for sample in samples]}

    async def page(_: Request) -> Response:
        index = (folder if graphiql else OWN) / "index.html"
        return FileResponse(index, headers={**headers, "Cache-Control": "no-cache"})

    async def greet(_: Request) -> Response:
        return JSONResponse(welcome, headers={**headers, "Cache-Control": "no-store"})

    assets = [Mount("/explorer/assets", Files(folder / "assets", headers))] if graphiql else []
    return [Route("/", page), Route("/explorer.json", greet), *assets, Mount("/explorer", Files(OWN, headers))]
