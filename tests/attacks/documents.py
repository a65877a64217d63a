"""Documents made to cost: in parsing, in validation, in memory, or in what they would ask of others."""

from __future__ import annotations

from tests.attacks.house import ADA, CLERK, CRAWLER, PHONE
from tests.attacks.row import Attack, Family
from tests.attacks.wire import ask

TOO_LARGE, INVALID, SYNTAX = "DOCUMENT_TOO_LARGE", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"
INPUT = "BAD_USER_INPUT"
NAMED = "query($a: String!){ product(sku: $a) { name } }"
PAGED = "query($a: Int!){ locations(first: $a) { nodes { id } } }"
LISTED = "query($a: [String!]!){ products(skus: $a) { name } }"


def _doubling(levels: int) -> str:
    """Fragments that spread the next one twice: 2^levels fields from a kilobyte."""
    spreads = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{{ ...F0 }} {spreads} fragment F{levels} on Query {{ __typename }}"


def _circle(length: int) -> str:
    links = " ".join(f"fragment F{n} on Query {{ ...F{(n + 1) % length} }}" for n in range(length))
    return f"{{ ...F0 }} {links}"


def _chain(length: int) -> str:
    links = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(length))
    return f"{{ ...F0 }} {links} fragment F{length} on Query {{ __typename }}"


def _wide(count: int) -> str:
    """The same field over and over inside fragments on one type: validation compares them in pairs."""
    return '{ product(sku: "a") {' + " ... on Product { name }" * count + " } }"


def _pages(depth: int) -> str:
    inner = "orderNumber"
    for _ in range(depth):
        inner = f"customer {{ orders(first: 100) {{ nodes {{ {inner} }} }} }}"
    return f'{{ order(id: "ord-000001") {{ {inner} }} }}'


shape, text, fragments = Family("shape"), Family("text"), Family("fragments")
variables, cost, schema = Family("variables"), Family("cost"), Family("introspection")

ROWS: tuple[Attack, ...] = (
    shape("1,000 aliases", ask("{" + "".join(f"a{n}:__typename " for n in range(1000)) + "}"), 400, TOO_LARGE),
    shape("51 aliases", ask("{" + "".join(f"a{n}:__typename " for n in range(51)) + "}"), 400, TOO_LARGE),
    shape("one field 1,000 times", ask("{" + "__typename " * 1000 + "}"), 400, TOO_LARGE),
    shape("501 fields", ask("{" + "".join(f"f{n} " for n in range(501)) + "}"), 400, TOO_LARGE),
    shape("500 unknown fields", ask("{" + "".join(f"f{n} " for n in range(500)) + "}"), 400, INVALID),
    shape("1,000 directives on a field", ask("{ __typename " + "@include(if: true) " * 1000 + "}"), 400, TOO_LARGE),
    shape("a directive twice", ask("{ __typename @skip(if: false) @skip(if: false) }"), 400, INVALID),
    shape("50 unknown directives", ask("{ __typename " + "@a " * 50 + "}"), 400, INVALID),
    shape("directives on every variable",
          ask("query(" + " ".join(f"$v{n}: Int @a @b" for n in range(60)) + "){ __typename }"), 400, TOO_LARGE),
    shape("200 fields deep", ask("{ a " * 200 + "}" * 200), 400, TOO_LARGE),
    shape("30,000 levels", ask("{a" * 30_000 + "}" * 30_000), 400, TOO_LARGE),
    shape("open without an end", ask("{a" * 1400), 400, SYNTAX),
    shape("lists in lists 1,400 deep", ask("{ product(sku: " + "[" * 1400 + "]" * 1400 + ") { name } }"), 400, SYNTAX),
    shape("objects in objects 700 deep",
          ask("{ product(sku: " + "{a:" * 700 + "1" + "}" * 700 + ") { name } }"), 400, SYNTAX),
    shape("a type in 1,400 lists", ask("query($a: " + "[" * 1400 + "Int" + "]" * 1400 + "){ __typename }"), 400,
              SYNTAX),
    shape("inline fragments 1,000 deep", ask("{" + "... on Query {" * 700 + "__typename" + "}" * 701), 400, SYNTAX),
    shape("1,000 operations", ask(" ".join(f"query Q{n} {{ __typename }}" for n in range(500))), 400, TOO_LARGE),
    shape("11 operations", ask(" ".join(f"query Q{n} {{ __typename }}" for n in range(11))), 400, TOO_LARGE),
    shape("a name twice", ask("query A { __typename } query A { __typename }", operationName="A"), 400, INVALID),
    shape("types of its own", ask("type Query { secret: String } { __typename }"), 400, INVALID),
    shape("@defer", ask("{ ... @defer { __typename } }"), 400, INVALID),
    shape("@stream", ask('{ products(skus: ["a"]) @stream(initialCount: 0) { name } }'), 400, INVALID),
    shape("two subscriptions at once",
          ask('subscription { a: orderStatusChanged(orderId: "a") { id } b: orderStatusChanged(orderId: "b") { id } }'),
          400, INVALID),
    shape("a subscription without a stream",
          ask('subscription { availabilityChanged(skus: ["SKU-00001"]) { sku } }'), 400, "SUBSCRIPTION_UNSUPPORTED"),

    text("65 KiB of spaces", ask("{ __typename }" + " " * 65_536), 400, TOO_LARGE),
    text("60,000 commas", ask("{ __typename " + "," * 60_000 + "}"), 200, None),
    text("3,001 comments", ask("#\n" * 3001 + "{ __typename }"), 400, TOO_LARGE),
    text("3,001 tokens", ask("{ a(b: [" + "1 " * 3001 + "]) }"), 400, TOO_LARGE),
    text("a name of 60,000 letters", ask("{ " + "a" * 60_000 + " }"), 400, TOO_LARGE),
    text("an alias of 60,000 letters", ask("{ " + "a" * 60_000 + ": __typename }"), 400, TOO_LARGE),
    text("an alias of 20,000 letters for 500 products",
         ask("query($a: [String!]!) { products(skus: $a) { " + "a" * 20_000 + ": name } }",
             {"a": [f"SKU-{n:05}" for n in range(1, 501)]}), 400, TOO_LARGE),
    text("a long name, quoted by 20 errors",
         ask("query " + "a" * 60_000 + "{" + "".join(f"a{n}:product(sku:$v{n}){{name}} " for n in range(20)) + "}"),
         400, TOO_LARGE),
    text("20 names of 250 letters", ask("{ " + " ".join("a" * 250 + str(n) for n in range(20)) + " }"), 400, INVALID,
         bytes_max=24 * 1024),
    text("a literal of 60,000 letters, quoted by the error",
         ask('{ locations(first: "' + "a" * 60_000 + '") { nodes { id } } }'), 400, INVALID),
    text("a block of 60,000 quotes", ask('{ product(sku: """' + '\\"""' * 15_000 + '""") { name } }'), 294, INPUT),
    text("an empty document", ask(" "), 400, SYNTAX),
    text("no document", ask("#"), 400, SYNTAX),
    text("a null byte", ask("{ \u0000__typename }"), 400, SYNTAX),
    text("a null byte in a string", ask('{ product(sku: "\\u0000") { name } }'), 294, INPUT),
    text("half a surrogate pair, escaped", ask('{ product(sku: "\\uD800") { name } }'), 400, SYNTAX),
    text("a code point beyond the last", ask('{ product(sku: "\\u{110000}") { name } }'), 400, SYNTAX),
    text("an escape without an end", ask('{ product(sku: "\\u{' + "0" * 30_000 + '}") { name } }'), 400, SYNTAX),
    text("letters that look like others", ask("{ __typen\u0430me }"), 400, SYNTAX),
    text("from right to left", ask("{ \u202e__typename }"), 400, SYNTAX),

    fragments("a circle of one", ask("{ ...F } fragment F on Query { ...F }"), 400, INVALID),
    fragments("a circle of 90", ask(_circle(90)), 400, INVALID),
    fragments("doubling 26 times", ask(_doubling(26)), 400, TOO_LARGE),
    fragments("doubling 45 times", ask(_doubling(45)), 400, TOO_LARGE),
    fragments("a chain of 99", ask(_chain(98)), 200, None),
    fragments("a chain of 300", ask(_chain(300)), 400, TOO_LARGE),
    fragments("90 that nobody spreads",
              ask("{ __typename } " + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(90))),
              400, INVALID),
    fragments("600 that nobody spreads",
              ask("{ __typename } " + "".join(f"fragment F{n} on Query{{a b}}" for n in range(330))), 400, TOO_LARGE),
    fragments("on a type that is not there", ask("{ ... on Admin { __typename } }"), 400, INVALID),
    fragments("on a type that it cannot be", ask("{ ... on Product { name } }"), 400, INVALID),
    fragments("100 of them side by side", ask(_wide(100)), 200, None),
    fragments("1,000 of them side by side", ask(_wide(400)), 400, TOO_LARGE),

    variables("65 of them",
              ask("query(" + "".join(f"$v{n}: Int " for n in range(65)) + "){ __typename }"), 400, TOO_LARGE),
    variables("the same one twice", ask("query($a: Int, $a: Int){ __typename }"), 400, INVALID),
    variables("one that is not used", ask("query($a: Int){ __typename }"), 400, INVALID),
    variables("one that is not there", ask("{ product(sku: $a) { name } }"), 400, INVALID),
    variables("of a type that is not there", ask("query($a: Admin){ product(sku: $a) { name } }"), 400, INVALID),
    variables("of an output type", ask("query($a: Product){ product(sku: $a) { name } }"), 400, INVALID),
    variables("a list for a text", ask(NAMED, {"a": ["x"]}), 400, INPUT),
    variables("an object for a text", ask(NAMED, {"a": {"$ne": 1}}), 400, INPUT),
    variables("a number for a text", ask(NAMED, {"a": 1}), 400, INPUT),
    variables("true for a number", ask(PAGED, {"a": True}), 400, INPUT),
    variables("none for one that is needed", ask(NAMED), 400, INPUT),
    variables("a text of 500,000 letters",
              ask(PAGED, {"a": "x" * 500_000}), 400, INPUT),
    variables("100,000 that nobody asked for",
              ask("{ __typename }", {f"v{n}": 1 for n in range(60_000)}), 200, None),
    variables("a list of 100,000 wrong ones",
              ask(LISTED, {"a": [1] * 100_000}), 400, "LIST_TOO_LONG", within_s=1.0),
    variables("20,000 wrong objects",
              ask("query($a: [AvailabilityLineInput!]!){ availability(lines: $a) { sku } }",
                  {"a": [{"x": 1, "y": 2}] * 20_000}), 400, "LIST_TOO_LONG", within_s=1.0),
    variables("10,000 wrong objects",
              ask("query($a: [AvailabilityLineInput!]!){ availability(lines: $a) { sku } }",
                  {"a": [{"x" * 50: 1, "y": 2}] * 10_000}), 400, INPUT, within_s=1.0, bytes_max=24 * 1024),
    variables("an object of 50,000 wrong members",
              ask("query($a: GeoPointInput!){ locations(first: 1, near: $a) { nodes { id } } }",
                  {"a": {f"k{n}": 1 for n in range(50_000)}}), 400, INPUT, within_s=1.0, bytes_max=24 * 1024),
    variables("__proto__", ask(NAMED,
                               {"a": "SKU-00001", "__proto__": {"admin": True}, "constructor": {}}), 200, None),

    cost("10,001 products", ask(LISTED,
                                {"a": [f"S{n}" for n in range(10_001)]}), 400, "LIST_TOO_LONG"),
    cost("a page of 2,147,483,647", ask("{ locations(first: 2147483647) { nodes { id } } }"), 400, "LIST_TOO_LONG"),
    cost("a page of -1", ask("{ locations(first: -1) { nodes { id } } }"), 294, INPUT),
    cost("pages in pages", ask(_pages(3), token=CLERK), 400, "LIST_TOO_LONG"),
    cost("45 orders by alias", ask("{" + "".join(f'o{n}: order(id: "ord-{n:06}") {{ id }} ' for n in range(45)) + "}",
                                   token=ADA), 400, "COST_EXCEEDED"),
    cost("5,000 entities", ask("query($r: [_Any!]!){ _entities(representations: $r) { __typename } }",
                               {"r": [{"__typename": "Order", "id": f"ord-{n:06}"} for n in range(20_000)]}, token=ADA),
         400, "LIST_TOO_LONG"),
    cost("the books on the way to the till",
         ask('{ order(id: "ord-000001") { financialSummary { paid { amount } } } }', token=ADA),
         400, "ERP_ON_CHECKOUT_PATH"),

    schema("__schema, shut", ask("{ __schema { types { name } } }", token=PHONE), 400, "INTROSPECTION_FORBIDDEN"),
    schema("__type, shut", ask('{ __type(name: "Query") { fields { name } } }', token=PHONE), 400,
           "INTROSPECTION_FORBIDDEN"),
    schema("_service, shut", ask("{ _service { sdl } }", token=PHONE), 400, "INTROSPECTION_FORBIDDEN"),
    schema("by an alias in a fragment, shut", ask("{ ...F } fragment F on Query { x: __schema { types { name } } }",
                                                  token=PHONE), 400, "INTROSPECTION_FORBIDDEN"),
    schema("behind @skip, shut", ask("{ __typename __schema @skip(if: true) { types { name } } }", token=PHONE), 400,
           "INTROSPECTION_FORBIDDEN"),
    schema("a near miss of a field, shut", ask('{ prodct(sku: "a") { name } }', token=PHONE), 400, INVALID),
    schema("of an operator's field, by a partner", ask("{ flows { nodes { id } } }", token=CRAWLER), 400, INVALID),
    schema("circles in it", ask("{ __schema { types { fields { type { fields { type { fields { type { fields { name "
                                "} } } } } } } } } }"), 400, INVALID),
)  # fmt: skip
