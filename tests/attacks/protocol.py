"""HTTP against the grain: framing, addresses, methods, headers that others would believe."""

from __future__ import annotations

from urllib.parse import quote

from tests.attacks.house import ADA
from tests.attacks.row import Attack, Family
from tests.attacks.wire import ask, get, request

FINE = b'{"query":"{ __typename }"}'
LENGTH = f"Content-Length: {len(FINE)}\r\n".encode()
HEAD = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
SMUGGLED = b"GET /schema.graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
MUTATION = 'mutation { orderCancel(input: {orderId: "ord-000001"}) { __typename } }'
QUERY = [("query", "{ __typename }")]

framing, address, method = Family("framing"), Family("address"), Family("method")
header, by_get = Family("header"), Family("GET")

ROWS: tuple[Attack, ...] = (
    framing("a length and chunks", CHUNKED + LENGTH + b"\r\n0\r\n\r\n" + SMUGGLED, 400, "BAD_REQUEST"),
    framing("chunks and a length", HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400,
              "BAD_REQUEST"),
    framing("chunks, spelled with a tab", HEAD + LENGTH + b"Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", 400,
              "BAD_REQUEST"),
    framing("chunks, among others", HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "BAD_JSON"),
    framing("xchunked", HEAD + LENGTH + b"Transfer-Encoding: xchunked\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("two lengths", HEAD + LENGTH + b"Content-Length: 5\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a length of -1", HEAD + b"Content-Length: -1\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a length of +26", HEAD + b"Content-Length: +26\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a length of 0x1a", HEAD + b"Content-Length: 0x1a\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a length of 26, 26", HEAD + b"Content-Length: 26, 26\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a chunk of -1", CHUNKED + b"\r\n-1\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a chunk larger than all memory", CHUNKED + b"\r\nffffffffffffffffff\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a chunk with a long extension", CHUNKED + b"\r\n1;" + b"a" * 70_000 + b"\r\n{\r\n0\r\n\r\n", 400,
              "BAD_JSON"),
    framing("a header in two lines", HEAD + LENGTH + b"X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n" + FINE, 400,
              "BAD_REQUEST"),
    framing("a space before the colon", HEAD + b"Content-Length : 26\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a header without a name", HEAD + LENGTH + b": b\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("a null byte in a header", HEAD + LENGTH + b"X-A: a\x00b\r\n\r\n" + FINE, 400, "BAD_REQUEST"),
    framing("line feeds alone", (HEAD + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + FINE, 400, "BAD_REQUEST"),
    framing("carriage returns alone", (HEAD + LENGTH + b"\r\n").replace(b"\r\n", b"\r") + FINE, 400, "BAD_REQUEST"),
    framing("HTTP/0.9", b"GET /graphql\r\n\r\n", 400, "BAD_REQUEST"),
    framing("HTTP/9.9", b"GET /graphql HTTP/9.9\r\nHost: a\r\n\r\n", 400, "BAD_REQUEST"),
    framing("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "BAD_REQUEST"),
    framing("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64, 400, "BAD_REQUEST"),
    framing("100 KiB of a header", request(body=FINE, more=[("X-A", "a" * 102_400)]), 431, "HEADERS_TOO_LARGE"),
    framing("20,000 empty headers", HEAD + b"a:\r\n" * 20_000 + b"\r\n", 431, "HEADERS_TOO_LARGE"),
    framing("101 headers", request(body=FINE, more=[("X-A", "a")] * 101), 431, "HEADERS_TOO_LARGE"),
    framing("5,000 headers", request(body=FINE, more=[(f"X-{n}", "a") for n in range(5000)]), 431, "HEADERS_TOO_LARGE"),

    address("20 KiB", request("GET", "/graphql?query=" + "a" * 20_000), 414, "URL_TOO_LONG"),
    address("a null byte", request("GET", "/graphql%00?query=%7B__typename%7D"), 404, None),
    address("a raw null byte", b"GET /\x00graphql HTTP/1.1\r\nHost: a\r\n\r\n", 400, "BAD_REQUEST"),
    address("of somebody else", request("GET", "http://169.254.169.254/latest/meta-data/"), 404, None),
    address("out of a folder", request("GET", "/explorer/../../../../../../etc/passwd"), 404, None),
    address("out of a folder, encoded", request("GET", "/explorer/%2e%2e/%2e%2e/pyproject.toml"), 404, None),
    address("out of a folder, encoded twice", request("GET", "/explorer/%252e%252e%252fpage.py"), 404, None),
    address("out of a folder, by backslashes", request("GET", "/explorer/..%5c..%5cpage.py"), 404, None),
    address("an absolute one in a folder", request("GET", "/explorer//etc/passwd"), 404, None),
    address("the code beside the page", request("GET", "/explorer/page.py"), 404, None),
    address("the settings", request("GET", "/.env"), 404, None),
    address("the repository", request("GET", "/.git/config"), 404, None),
    address("another endpoint through ours", request("GET", "/events/..%2fgraphql"), 404, None),
    address("a redirect to somebody else", request("GET", "//example.org/%2f.."), 404, None),
    address("1,000 ranges of a file", request("GET", "/", more=[("Range", "bytes=" + "0-0," * 1000 + "1-1")]), 200,
              None, bytes_max=8 * 1024),
    address("a range that overlaps itself", request("GET", "/", more=[("Range", "bytes=" + "0-," * 2000)]), 200, None,
              bytes_max=8 * 1024),

    method("TRACE", request("TRACE"), 405, "METHOD_NOT_ALLOWED"),
    method("DELETE", request("DELETE"), 405, "METHOD_NOT_ALLOWED"),
    method("PUT", request("PUT", body=FINE), 405, "METHOD_NOT_ALLOWED"),
    method("HEAD", request("HEAD"), 405, None),
    method("CONNECT", request("CONNECT", "127.0.0.1:22"), 400, "BAD_REQUEST"),
    method("one that nobody knows", request("JEFF"), 400, "BAD_REQUEST"),
    method("in small letters", b"get /graphql HTTP/1.1\r\nHost: a\r\n\r\n", 400, "BAD_REQUEST"),
    method("a mutation by X-HTTP-Method-Override",
           get([("query", MUTATION)], more=[("X-HTTP-Method-Override", "POST")]), 405, "METHOD_NOT_ALLOWED"),
    method("a deletion by X-HTTP-Method-Override",
           request(body=FINE, more=[("X-HTTP-Method-Override", "DELETE"), ("X-Method-Override", "DELETE")]), 200, None),

    header("two hosts", request(body=FINE, more=[("Host", "internal.example")]), 400, "BAD_REQUEST"),
    header("a host of somebody else", HEAD.replace(b"127.0.0.1", b"evil.example") + LENGTH + b"\r\n" + FINE, 200, None),
    header("no host", HEAD.replace(b"Host: 127.0.0.1\r\n", b"") + LENGTH + b"\r\n" + FINE, 400, "BAD_REQUEST"),
    header("X-Forwarded-For nobody trusted", request(body=FINE, more=[("X-Forwarded-For", "127.0.0.1"),
                                                                     ("X-Real-IP", "127.0.0.1")]), 200, None),
    header("X-Original-URL", request("GET", "/", more=[("X-Original-URL", "/metrics"), ("X-Rewrite-URL", "/x")],
                                     accept="application/json"), 200, None, bytes_max=16 * 1024),
    header("another page's origin", request(body=FINE, more=[("Origin", "https://evil.example")]), 403,
           "ORIGIN_NOT_ALLOWED"),
    header("the origin null", request(body=FINE, more=[("Origin", "null")]), 403, "ORIGIN_NOT_ALLOWED"),
    header("two origins", request(body=FINE, more=[("Origin", "http://127.0.0.1"), ("Origin", "https://evil.example")]),
           403, "ORIGIN_NOT_ALLOWED"),
    header("a correlation id with a script",
           request(body=FINE, more=[("X-Correlation-Id", "<script> alert(1)</script>")]), 200, None),
    header("a correlation id of 20,000 letters", request(body=FINE, more=[("X-Correlation-Id", "a" * 20_000)]), 200,
              None),
    header("a line break in a correlation id",
           request(body=FINE, more=[("X-Correlation-Id", "a%0d%0aSet-Cookie: a=b")]), 200, None),
    header("a traceparent of 20,000 letters", request(body=FINE, more=[("traceparent", "00-" + "a" * 20_000)]), 200,
              None),
    header("a traceparent with another field", request(body=FINE, more=[("traceparent", '00-x" level="error')]), 200,
              None),
    header("an Accept of 20,000 ranges", request(body=FINE, accept="a/b;q=0.1," * 2500), 406, "NOT_ACCEPTABLE"),
    header("an Accept of a page", request(body=FINE, accept="text/html"), 406, "NOT_ACCEPTABLE"),
    header("an Accept that is none", request(body=FINE, accept=";;;,,,=/=q"), 406, "NOT_ACCEPTABLE"),
    header("q=NaN", request(body=FINE, accept="application/json;q=NaN"), 406, "NOT_ACCEPTABLE"),
    header("a deadline of -1", request(body=FINE, more=[("X-Request-Deadline-Ms", "-1")]), 200, None),
    header("a deadline of 30,000 digits", request(body=FINE, more=[("X-Request-Deadline-Ms", "9" * 30_000)]), 200,
              None),
    header("an idempotency key of 20,000 letters",
           ask(MUTATION, token=ADA, more=[("Idempotency-Key", "k" * 20_000)]), 400, "BAD_REQUEST"),
    header("two idempotency keys",
           ask(MUTATION, token=ADA, more=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")]), 400, "BAD_REQUEST"),
    header("an idempotency key of spaces", ask(MUTATION, token=ADA, more=[("Idempotency-Key", "  ")]), 400,
              "BAD_REQUEST"),
    header("an idempotency key of other letters",
           ask(MUTATION, token=ADA, more=[("Idempotency-Key", "\xe9\xff")]), 400, "BAD_REQUEST"),

    by_get("a mutation", get([("query", MUTATION)], token=ADA), 405, "METHOD_NOT_ALLOWED"),
    by_get("a mutation behind a query",
           get([("query", "query A { __typename } " + MUTATION.replace("mutation", "mutation B")),
                ("operationName", "B")], token=ADA), 405, "METHOD_NOT_ALLOWED"),
    by_get("a query twice", get([*QUERY, ("query", "{ x }")]), 400, "BAD_REQUEST"),
    by_get("1,000 parameters", get([*QUERY, *((f"p{n}", "1") for n in range(1000))]), 400, "BAD_REQUEST"),
    by_get("variables that are none", get([*QUERY, ("variables", "x")]), 400, "BAD_JSON"),
    by_get("variables that are a list", get([*QUERY, ("variables", "[]")]), 400, "BAD_REQUEST"),
    by_get("variables 2,000 deep", get([*QUERY, ("variables", "[" * 2000)]), 400, "BAD_JSON"),
    by_get("invalid UTF-8", request("GET", "/graphql?query=%ff%fe"), 400, "BAD_REQUEST"),
    by_get("raw bytes", request("GET", "/graphql?query={__typename}\xff"), 400, "BAD_REQUEST"),
    by_get("nothing", request("GET"), 400, "BAD_REQUEST"),
    by_get("an array of it", request("GET", "/graphql?query[]=" + quote("{ __typename }")), 400, "BAD_REQUEST"),
    by_get("a name that closes a header", get([("query", "{ __typename }\r\nSet-Cookie: a=b")]), 400,
           "GRAPHQL_PARSE_FAILED"),
)  # fmt: skip
