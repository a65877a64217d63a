"""The explorer in a real browser, with nothing but this machine. Run by `make test-browser`; needs Chromium."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from graphql import build_schema, graphql_sync
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.explorer import Sample, explorer_routes, first_query
from gateway.explorer.page import BUILT
from gateway.serving import bind

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCHEMA = build_schema('''
"""Everything that can be asked."""
type Query { product(sku: String!): Product @deprecated(reason: "Ask for products.") products: [Product!]! }
"""Something the retailer sells."""
type Product { name: String! "What may be promised." availability: [Availability!]! }
type Availability { status: Status! freshness: Freshness! }
type Freshness { tier: String! ageSeconds: Int! source: String! }
enum Status { IN_STOCK OUT_OF_STOCK }
''')
STALE = {"tier": "STALE_OK", "ageSeconds": 42, "source": "OMS"}
LIVE = {"tier": "LIVE", "ageSeconds": 0, "source": "OMS"}
PRODUCT = {
    "name": "<img src=x onerror=alert(1)>",
    "availability": [{"status": "IN_STOCK", "freshness": LIVE}, {"status": "OUT_OF_STOCK", "freshness": STALE}],
}
QUERY = '{ product(sku: "SKU-00001") { name availability { status freshness { tier ageSeconds source } } } }'


@dataclass
class Gateway:
    """A gateway with a schema of its own, and what it was asked."""

    url: str = ""
    asked: list[tuple[str | None, str]] = field(default_factory=list)

    async def graphql(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append((request.headers.get("authorization"), body["query"]))
        root = {"product": PRODUCT, "products": [PRODUCT]}
        result = graphql_sync(SCHEMA, body["query"], root, variable_values=body.get("variables"))
        status = 200 if result.data is not None else 400
        return JSONResponse(result.formatted, status, headers={"X-Correlation-Id": "0123456789abcdef"})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, from CHROMIUM or the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail("No Chromium here: install it, or name its program in the variable CHROMIUM.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def serve(gateway: Gateway, built: Path) -> Iterator[Gateway]:
    samples = (Sample("Customer", "Bearer customer"), Sample("Operations", "Bearer operations"))
    routes = [Route("/graphql", gateway.graphql, methods=["POST"]), *explorer_routes("/graphql", samples, built)]
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with bind("127.0.0.1", 0) as sock:
        gateway.url = f"http://127.0.0.1:{sock.getsockname()[1]}/"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        yield gateway
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway with the page of our own."""
    yield from serve(Gateway(), tmp_path)


def is_fault(line: ConsoleMessage) -> bool:
    return line.type in {"error", "warning"} and "the server responded with a status of 400" not in line.text


def open_page(browser: Browser, gateway: Gateway) -> Iterator[Page]:
    """The page, opened; at the end nothing may have gone wrong on it or been asked of another address.

    A query that is refused is no fault of the page, though the browser writes it down as one.
    """
    context = browser.new_context(viewport={"width": 1400, "height": 850})
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda line: wrong.append(line.text) if is_fault(line) else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((gateway.url, "data:", f"blob:{gateway.url}"))
            else wrong.append(f"elsewhere: {request.url}")
        ),
    )
    page.goto(gateway.url)
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def page(browser: Browser, gateway: Gateway) -> Iterator[Page]:
    for page in open_page(browser, gateway):
        expect(page.locator("html[data-ready]")).to_be_attached()
        yield page


def test_a_newcomer_presses_run(page: Page, gateway: Gateway) -> None:
    """The first query is in the editor, Run sends it as the first caller, and errors of it are shown as such."""
    assert page.locator("#query").input_value() == first_query()
    page.click("#run")
    expect(page.locator("#status")).to_contain_text("400 refused")
    expect(page.locator(".problem").first).to_contain_text("Cannot query field")
    assert gateway.asked[-1] == ("Bearer customer", first_query())


def test_an_answer_is_shown_with_its_freshness(page: Page) -> None:
    """Ctrl and Enter run the query; the answer is text, never markup, and its freshness is counted by tier."""
    page.fill("#query", QUERY)
    page.press("#query", "Control+Enter")
    expect(page.locator("#status")).to_contain_text("200 OK")
    expect(page.locator("#status")).to_contain_text("ms")
    expect(page.locator("#result")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(page.locator("#result img")).to_have_count(0)
    expect(page.locator("#freshness .chip")).to_have_text(["LIVE \u00d7 1", "STALE_OK \u00d7 1"])
    expect(page.locator("#result .tier-warn")).to_have_text('"STALE_OK"')


def test_the_caller_and_headers_are_sent(page: Page, gateway: Gateway) -> None:
    """The chosen caller's header is sent; one that is typed in wins; none of them is kept beyond the tab."""
    page.fill("#query", QUERY)
    page.select_option("#caller", label="Operations")
    page.click("#run")
    expect(page.locator("#status")).to_contain_text("200 OK")
    assert ("Bearer operations", QUERY) in gateway.asked
    page.click("#tab-headers")
    page.fill("#headers", '{"authorization": "Bearer mine"}')
    with page.expect_response("**/graphql"):
        page.click("#run")
    assert ("Bearer mine", QUERY) in gateway.asked
    kept = json.dumps(page.evaluate("() => ({...localStorage})"))
    assert "SKU-00001" in kept
    assert "Bearer" not in kept


def test_variables_are_checked_before_they_are_sent(page: Page, gateway: Gateway) -> None:
    """Variables that are not JSON are explained and nothing is sent; those that are arrive."""
    page.fill("#query", "query Q($sku: String!) { product(sku: $sku) { name } }")
    page.fill("#variables", "{sku}")
    asked = len(gateway.asked)
    page.click("#run")
    expect(page.locator("#result")).to_contain_text("The variables are not JSON")
    assert len(gateway.asked) == asked
    page.fill("#variables", '{"sku": "SKU-00001"}')
    page.click("#run")
    expect(page.locator("#status")).to_contain_text("200 OK")


def test_the_editor_indents(page: Page) -> None:
    """Enter keeps the margin and opens a block, Tab indents, and Escape followed by Tab leaves the field."""
    page.fill("#query", "")
    page.locator("#query").press_sequentially("{")
    page.keyboard.press("Enter")
    page.keyboard.type("products {")
    page.keyboard.press("Enter")
    page.keyboard.type("name")
    page.keyboard.press("Enter")
    page.keyboard.type("}")
    assert page.locator("#query").input_value() == "{\n  products {\n    name\n  }"
    page.keyboard.press("Tab")
    assert page.locator("#query").input_value().endswith("}  ")
    page.keyboard.press("Control+z")
    assert page.locator("#query").input_value().endswith("}")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator("#query")).not_to_be_focused()


def test_history_brings_a_query_back(page: Page) -> None:
    """What was run is in the history, also after a reload, and comes back at a click."""
    page.fill("#query", QUERY)
    page.click("#run")
    expect(page.locator("#status")).to_contain_text("200 OK")
    page.reload()
    assert page.locator("#query").input_value() == QUERY
    page.click("#first")
    assert page.locator("#query").input_value() == first_query()
    page.click("#tab-history")
    page.click(".past")
    assert page.locator("#query").input_value() == QUERY


def test_the_schema_can_be_read(page: Page) -> None:
    """Types link to each other, descriptions and deprecations are shown, and the search finds fields."""
    page.click("#reference .type >> text=Query")
    expect(page.locator("#reference h3")).to_contain_text("Query")
    expect(page.locator("#reference")).to_contain_text("Deprecated. Ask for products.")
    page.click("#reference .type >> text=[Product!]!")
    expect(page.locator("#reference")).to_contain_text("Something the retailer sells.")
    page.fill("#search", "tier")
    expect(page.locator("#reference")).to_contain_text("Freshness.tier: String!")
    page.fill("#search", "no such thing")
    expect(page.locator("#reference")).to_contain_text("Nothing in the schema has this name.")


def test_the_theme_is_a_choice(page: Page) -> None:
    """The button switches between light and dark, and the choice outlives a reload."""
    before = page.locator("html").get_attribute("data-theme")
    page.click("#theme")
    after = page.locator("html").get_attribute("data-theme")
    assert {before, after} == {"light", "dark"}
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == after


def test_a_phone_shows_one_pane_at_a_time(page: Page) -> None:
    """On a narrow screen nothing overflows, and Run turns to the result."""
    page.set_viewport_size({"width": 360, "height": 700})
    expect(page.locator(".answer")).to_be_hidden()
    page.click("#run")
    expect(page.locator(".answer")).to_be_visible()
    expect(page.locator(".ask")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_graphiql_runs_offline(browser: Browser) -> None:
    """The GraphiQL that `make assets` builds loads from the gateway alone, runs a query and knows the schema."""
    assert (BUILT / "index.html").is_file(), "GraphiQL is not built: run `make assets`, which needs Node."
    for gateway in serve(Gateway(), BUILT):
        for page in open_page(browser, gateway):
            expect(page.locator(".graphiql-query-editor")).to_contain_text("FirstLight", timeout=15_000)
            page.click("button[aria-label^='Execute']")
            expect(page.locator(".result-window")).to_contain_text("Cannot query field", timeout=15_000)
            assert gateway.asked[-1][0] == "Bearer customer"
            assert any("__schema" in query for _, query in gateway.asked)
