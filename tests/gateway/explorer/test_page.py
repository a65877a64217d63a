"""The explorer over HTTP: what is served, with which headers, and that nothing comes from elsewhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from graphql import parse
from starlette.applications import Starlette

import gateway.explorer
from gateway.explorer import Sample, explorer_routes, first_query
from gateway.http import Hardening

OWN = Path(gateway.explorer.__file__).parent / "own"
FILES = sorted(path.name for path in OWN.iterdir())


def open_page(built: Path, *samples: Sample) -> httpx.AsyncClient:
    app = Starlette(routes=explorer_routes("/graphql", samples, built))
    # As in the app, where what every answer carries is added.
    return httpx.AsyncClient(transport=httpx.ASGITransport(Hardening(app, 0)), base_url="http://gateway")


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The page as it is where nobody has built GraphiQL."""
    async with open_page(tmp_path, Sample("Operations", "Bearer demo-operations")) as client:
        yield client


@pytest.fixture
async def graphiql(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The page as it is after a build: an index and one hashed asset."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>GraphiQL</title>")
    (tmp_path / "assets" / "index-1234.js").write_text("export {};")
    async with open_page(tmp_path) as client:
        yield client


async def test_the_page_and_all_it_names_are_served(client: httpx.AsyncClient) -> None:
    """Every file that the page or one of its modules refers to is there, with the type a browser insists on."""
    page = await client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    wanted = set(re.findall(r'(?:href|src)="(/explorer/[^"]+)"', page.text))
    for name in FILES:
        if name.endswith(".js"):
            wanted |= {f"/explorer/{module}" for module in re.findall(r'from "\./([^"]+)"', (OWN / name).read_text())}
    assert len(wanted) > 6
    types = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for address in sorted(wanted):
        answer = await client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["content-type"].startswith(types[Path(address).suffix]), address


@pytest.mark.parametrize("address", ["/", "/explorer.json", "/explorer/explorer.js", "/explorer/nothing.js"])
async def test_every_answer_is_locked_down(client: httpx.AsyncClient, address: str) -> None:
    """Nothing may be loaded from elsewhere, framed, sniffed or told to others; that holds for a 404 too."""
    headers = (await client.get(address)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("name", FILES)
def test_no_file_names_another_host(name: str) -> None:
    """No file of the page holds an address on another host; the name of the SVG language is not an address to load."""
    text = (OWN / name).read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(?:https?|wss?):?//|[\"'(]//\w", text)


def test_the_page_keeps_to_its_own_policy() -> None:
    """The page has no inline script, style or handler, which its policy would silently stop."""
    page = (OWN / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:", page)


def test_every_element_a_script_looks_for_is_on_the_page() -> None:
    """Each id that the modules ask for exists once in the page, and so does each id that a label or tab refers to."""
    page = (OWN / "index.html").read_text()
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    asked = set(re.findall(r'\bat\("([^"]+)"\)', (OWN / "explorer.js").read_text()))
    referred = set(re.findall(r'(?:aria-controls|aria-labelledby|for)="([^"]+)"', page))
    assert asked
    assert asked | referred <= set(ids)


def test_every_control_has_a_name() -> None:
    """Each button, select and text field has a text, a label or an aria-label, so that it can be heard."""
    page = (OWN / "index.html").read_text()
    for field in re.findall(r"<(?:input|textarea)[^>]*>", page):
        assert "aria-label=" in field
    for attributes, content in re.findall(r"<button([^>]*)>(.*?)</button>", page, re.DOTALL):
        assert "aria-label=" in attributes or re.sub(r"<svg.*?</svg>|<[^>]+>", "", content, flags=re.DOTALL).strip()


async def test_the_page_learns_where_to_ask_and_what(client: httpx.AsyncClient) -> None:
    """`/explorer.json` holds the endpoint, the first query, and the callers that a demonstration offers."""
    answer = await client.get("/explorer.json")
    assert answer.json() == {
        "endpoint": "/graphql",
        "query": first_query(),
        "callers": [{"name": "Operations", "authorization": "Bearer demo-operations"}],
    }
    assert answer.headers["cache-control"] == "no-store"


def test_the_first_query_is_graphql() -> None:
    """The query a newcomer finds can be parsed."""
    assert parse(first_query()).definitions


async def test_a_file_that_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    """Our files are asked for again at each visit, and answered with 304 while they are the same."""
    first = await client.get("/explorer/explorer.js")
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get("/explorer/explorer.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("address", ["/explorer/../page.py", "/explorer/%2e%2e/page.py", "/explorer/..%2fpage.py"])
async def test_nothing_beside_the_page_is_served(client: httpx.AsyncClient, address: str) -> None:
    """No spelling of the parent folder leads out of the page's own."""
    assert (await client.get(httpx.URL("http://gateway").copy_with(raw_path=address.encode()))).status_code == 404


async def test_a_build_of_graphiql_takes_the_place_of_our_page(graphiql: httpx.AsyncClient) -> None:
    """Where GraphiQL has been built it is the page, its hashed files are kept for good, and the lock stays on."""
    page = await graphiql.get("/")
    assert "GraphiQL" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'self'" in page.headers["content-security-policy"]
    asset = await graphiql.get("/explorer/assets/index-1234.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await graphiql.get("/explorer/assets/gone.js")).headers["cache-control"] == "no-store"
    assert (await graphiql.get("/explorer/mark.svg")).status_code == 200
