"""Bodies that are not what they say, or not what they should be; and values that are none."""

from __future__ import annotations

import gzip
import json
import zlib

from tests.attacks.house import ADA, CLERK
from tests.attacks.row import Attack, Family
from tests.attacks.wire import ask, request, said

BAD_JSON, BAD_REQUEST, INPUT = "BAD_JSON", "BAD_REQUEST", "BAD_USER_INPUT"
TYPE, CODING = "UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_CONTENT_ENCODING"
FINE = b'{"query":"{ __typename }"}'
BOMB = gzip.compress(b'{"query":"{ __typename }","x":"' + b"0" * 8_000_000 + b'"}')
NAME = "query($a: String!) { product(sku: $a) { name } }"
PAGE = "query($a: Int!) { locations(first: $a) { nodes { id } } }"
NEAR = "query($a: Float!) { locations(first: 1, near: {latitude: $a, longitude: 1}) { nodes { id } } }"
BASKET = """query($a: Decimal!) { loyaltyEarningForecast(basket: {currencyCode: "EUR", lines: [
  {sku: "SKU-00001", quantity: $a, unitPrice: {amount: "1", currencyCode: "EUR"}}]}) { value } }"""
GEO, ORDER = "OMS GET /v1/locations", "OMS POST /v1/orders/lookup"

MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{"query":"{ __typename }"}\r\n'
    b'--x\r\nContent-Disposition: form-data; name="map"\r\n\r\n{"0":["variables.file"]}\r\n'
    b'--x\r\nContent-Disposition: form-data; name="0"; filename="../../etc/passwd"\r\n\r\nroot\r\n--x--\r\n'
)

json_, typed, batch = Family("json"), Family("content type"), Family("batching")
sizes, numbers, ids = Family("size"), Family("numbers"), Family("ids")


def _number(document: str, literal: str) -> bytes:
    """A variable `a` that is written as `literal`."""
    return said(f'{{"query": {json.dumps(document)}, "variables": {{"a": {literal}}}}}')


ROWS: tuple[Attack, ...] = (
    json_("nothing", said(""), 400, BAD_JSON),
    json_("null", said("null"), 400, BAD_REQUEST),
    json_("a number", said("123"), 400, BAD_REQUEST),
    json_("a text", said('"{ __typename }"'), 400, BAD_REQUEST),
    json_("not JSON", said("{query: '{ __typename }'}"), 400, BAD_JSON),
    json_("a comment in it", said('{"query":"{ __typename }" /* */}'), 400, BAD_JSON),
    json_("something after it", said(FINE + b"{}"), 400, BAD_JSON),
    json_("half of it", said(FINE[:-4]), 400, BAD_JSON),
    json_("invalid UTF-8", said(b'{"query":"{ __typename }","x":"\xff\xfe"}'), 400, BAD_JSON),
    json_("an overlong encoding", said(b'{"query":"{ __typename \xc0\xaf}"}'), 400, BAD_JSON),
    json_("half a surrogate pair", said('{"query":"{ product(sku: \\"\\ud800\\") { name } }"}'), 400, BAD_JSON),
    json_("half a surrogate pair in a variable",
          said(f'{{"query": {json.dumps(NAME)}, "variables": {{"a": "\\udfff"}}}}'), 400, BAD_JSON),
    json_("a raw null byte", said(b'{"query":"{ __typename }\x00"}'), 400, BAD_JSON),
    json_("a byte order mark", said(b"\xef\xbb\xbf" + FINE), 400, BAD_JSON),
    json_("UTF-16", said(FINE.decode().encode("utf-16")), 400, BAD_JSON),
    json_("UTF-32", said(FINE.decode().encode("utf-32")), 400, BAD_JSON),
    json_("100,000 levels of lists", said("[" * 100_000 + "]" * 100_000), 400, BAD_JSON),
    json_("100,000 levels of objects", said('{"a":' * 100_000 + "1" + "}" * 100_000), 400, BAD_JSON),
    json_("33 levels of variables", said('{"query":"{ __typename }","variables":' + '{"a":' * 33 + "1" + "}" * 34), 400,
          BAD_JSON),
    json_("a key twice", said('{"query":"{ __typename }","query":"{ __schema { types { name } } }","query":"{ x }"}'),
          400, "GRAPHQL_VALIDATION_FAILED"),
    json_("__proto__", said('{"query":"{ __typename }","__proto__":{"isAdmin":true},"constructor":{"prototype":{}}}'),
          200, None),
    json_("50,000 keys", said("{" + ",".join(f'"k{n}":{n}' for n in range(50_000)) + "}"), 400, BAD_REQUEST),
    json_("300,000 lists", said('{"query":"{ __typename }","variables":{"a":[' + "[]," * 300_000 + "0]}}"), 400,
          BAD_JSON),
    json_("keys that collide", said("{" + ",".join(f'"{n * 2**61}":1' for n in range(20_000)) + "}"), 400, BAD_REQUEST),
    json_("query is a number", said('{"query": 1}'), 400, BAD_REQUEST),
    json_("query is a list", said('{"query": ["{ __typename }"]}'), 400, BAD_REQUEST),
    json_("query is null", said('{"query": null}'), 400, BAD_REQUEST),
    json_("variables is a list", said('{"query":"{ __typename }","variables":[]}'), 400, BAD_REQUEST),
    json_("variables is a text", said('{"query":"{ __typename }","variables":"{}"}'), 400, BAD_REQUEST),
    json_("extensions is a text", said('{"query":"{ __typename }","extensions":"x"}'), 400, BAD_REQUEST),
    json_("operationName is an object", said('{"query":"{ __typename }","operationName":{"$gt":""}}'), 400,
              BAD_REQUEST),
    json_("operationName of nobody", said('{"query":"query A { __typename }","operationName":"B"}'), 400,
          "OPERATION_RESOLUTION_FAILURE"),
    json_("operationName of the second of two",
          said('{"query":"query A { __typename } mutation B { __typename }","operationName":"C"}'), 400,
          "OPERATION_RESOLUTION_FAILURE"),
    json_("two operations and no name", said('{"query":"query A { __typename } query B { __typename }"}'), 400,
          "OPERATION_RESOLUTION_FAILURE"),
    json_("operationName of 500,000 letters",
          said('{"query":"query A { __typename }","operationName":"' + "B" * 500_000 + '"}'), 400,
          "OPERATION_RESOLUTION_FAILURE"),

    batch("an empty one", said("[]"), 400, "BATCHING_DISABLED"),
    batch("of one", said(b"[" + FINE + b"]"), 400, "BATCHING_DISABLED"),
    batch("of 1,000", said(b"[" + b",".join([FINE] * 1000) + b"]"), 400, "BATCHING_DISABLED"),
    batch("of guesses",
              said("[" + ",".join(f'{{"query":"{{ node(id: \\"Order:{n}\\") {{ id }} }}"}}' for n in range(500))
                             + "]"), 400, "BATCHING_DISABLED"),

    typed("a text that is JSON", request(body=FINE, content_type="text/plain"), 415, TYPE),
    typed("none", request(body=FINE, content_type=None), 415, TYPE),
    typed("a form", request(body=b"query=%7B__typename%7D", content_type="application/x-www-form-urlencoded"), 415,
              TYPE),
    typed("a form with files", request(body=MULTIPART, content_type="multipart/form-data; boundary=x"), 415, TYPE),
    typed("GraphQL itself", request(body=b"{ __typename }", content_type="application/graphql"), 415, TYPE),
    typed("JSON in another charset", request(body=FINE, content_type="application/json; charset=utf-7"), 415, TYPE),
    typed("JSON in UTF-16", request(body=FINE, content_type="application/json; charset=utf-16le"), 415, TYPE),
    typed("two of them", request(body=FINE, more=[("Content-Type", "text/plain")]), 415, TYPE),
    typed("a list of them", request(body=FINE, content_type="text/plain, application/json"), 415, TYPE),
    typed("3,000 parameters", request(body=FINE, content_type="application/json" + "; a=b" * 3000), 415, TYPE),
    typed("gzip, small", request(body=gzip.compress(FINE), more=[("Content-Encoding", "gzip")]), 415, CODING),
    typed("gzip, a bomb", request(body=BOMB, more=[("Content-Encoding", "gzip")]), 415, CODING),
    typed("deflate", request(body=zlib.compress(FINE), more=[("Content-Encoding", "deflate")]), 415, CODING),
    typed("gzip in identity", request(body=BOMB, more=[("Content-Encoding", "identity, gzip")]), 415, CODING),
    typed("a bomb that says nothing", request(body=BOMB), 400, BAD_JSON),

    sizes("20 MiB, announced", request(more=[("Content-Length", "20971520")], framed=False), 413, "BODY_TOO_LARGE"),
    sizes("an announcement of 4,000 digits", request(more=[("Content-Length", "9" * 4000)], framed=False), 400,
          BAD_REQUEST),
    sizes("2 MiB", said(b'{"query":"' + b" " * 2_097_152 + b'"}'), 413, "BODY_TOO_LARGE"),
    sizes("1 MiB of variables",
          said(f'{{"query": {json.dumps(NAME)}, "variables": {{"a": "{"x" * 1_000_000}"}}}}'), 294, INPUT),
    sizes("a product with a name of 60,000 letters", ask(f'{{ product(sku: "{"x" * 60_000}") {{ name }} }}'), 294,
              INPUT),
    sizes("an id of 500,000 letters", ask("query($a: ID!) { node(id: $a) { id } }", {"a": "x" * 500_000}), 294, INPUT),

    numbers("NaN", _number(PAGE, "NaN"), 400, BAD_JSON),
    numbers("Infinity", _number(PAGE, "-Infinity"), 400, BAD_JSON),
    numbers("1e999", _number(PAGE, "1e999"), 400, BAD_JSON),
    numbers("an integer of 5,000 digits", _number(PAGE, "9" * 5000), 400, BAD_JSON),
    numbers("an integer of 500,000 digits", _number(PAGE, "9" * 500_000), 400, BAD_JSON),
    numbers("an integer of 40 digits", _number(PAGE, "9" * 40), 400, "LIST_TOO_LONG"),
    numbers("1.5 for a whole number", _number(PAGE, "1.5"), 400, INPUT),
    numbers("1e400 in a document",
              ask("{ locations(first: 1, near: {latitude: 1e400, longitude: 1}) { nodes { id } } }"),
            294, INPUT, asks=[GEO]),
    numbers("an integer of 60,000 digits in a document",
              ask("{ locations(first: " + "9" * 60_000 + ") { nodes { id } } }"),
            400, "GRAPHQL_VALIDATION_FAILED"),
    numbers("a fraction of 60,000 digits in a document",
            ask("{ locations(first: 1, near: {latitude: 0." + "9" * 60_000 + ", longitude: 1}) { nodes { id } } }"),
            200, None, asks=[GEO]),
    numbers("NaN in a document", ask("{ locations(first: NaN) { nodes { id } } }"), 400, "GRAPHQL_VALIDATION_FAILED"),
    numbers("a latitude of 1e300", _number(NEAR, "1e300"), 294, INPUT),
    numbers("a Decimal of NaN", _number(BASKET, '"NaN"'), 400, INPUT),
    numbers("a Decimal of sNaN", _number(BASKET, '"sNaN123"'), 400, INPUT),
    numbers("a Decimal of Infinity", _number(BASKET, '"Infinity"'), 400, INPUT),
    numbers("a Decimal of 1E+999999999", _number(BASKET, '"1E+999999999"'), 400, INPUT),
    numbers("a Decimal of 1E-999999999", _number(BASKET, '"1E-999999999"'), 400, INPUT),
    numbers("a Decimal of 500,000 digits", _number(BASKET, '"' + "9" * 500_000 + '"'), 400, INPUT),
    numbers("a Decimal of spaces", _number(BASKET, '" 1 "'), 400, INPUT),
    numbers("a Decimal of other digits", _number(BASKET, '"\u0661\u0662"'), 400, INPUT),
    numbers("a Decimal that is true", _number(BASKET, "true"), 400, INPUT),

    ids("a path out of the folder", ask('{ order(id: "../../v1/ledgers") { status } }', token=CLERK), 200, None,
              asks=[ORDER]),
    ids("a path out of the folder, encoded", ask('{ order(id: "..%2f..%2fledgers") { status } }', token=CLERK), 200,
              None, asks=[ORDER]),
    ids("a line break and a header", ask('{ order(id: "ord-1\\r\\nX-Admin: 1") { status } }', token=CLERK), 294, INPUT),
    ids("a null byte", ask('{ order(id: "ord-000001\\u0000.json") { status } }', token=CLERK), 294, INPUT),
    ids("a query of a database", ask("{ order(id: \"' OR 1=1 --\") { status } }", token=CLERK), 200, None,
              asks=[ORDER]),
    ids("of a type that is not there", ask('{ node(id: "Admin:1") { id } }', token=CLERK), 294, INPUT),
    ids("of a dunder", ask('{ node(id: "__class__:1") { id } }', token=CLERK), 294, INPUT),
    ids("an entity of a type that is not there",
        ask('{ _entities(representations: [{__typename: "Admin", id: "1"}]) { __typename } }', token=ADA), 294, INPUT),
    ids("an entity without a key",
        ask('{ _entities(representations: [{__typename: "Order"}]) { __typename } }', token=ADA), 294, INPUT),
    ids("an entity that is a text", ask('{ _entities(representations: ["Order"]) { __typename } }', token=ADA), 294,
        INPUT),
    ids("an entity whose type is a list",
        ask('{ _entities(representations: [{__typename: ["Order"], id: {}}]) { __typename } }', token=ADA), 294, INPUT),
    ids("a customer by all names at once",
        ask('{ customer(id: "cust-00001", email: "a@b.c") { email } }', token=CLERK), 294, INPUT),
    ids("a customer by no name", ask("{ customer { email } }", token=CLERK), 294, INPUT),
    ids("a cursor that was not ours", ask('{ locations(first: 1, after: "AAAA") { nodes { id } } }'), 294, INPUT),
    ids("a cursor of 500,000 letters",
        ask("query($a: String!) { locations(first: 1, after: $a) { nodes { id } } }", {"a": "A" * 500_000}), 294,
        INPUT),
)  # fmt: skip
