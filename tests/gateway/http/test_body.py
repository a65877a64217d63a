"""Bodies as they come: what is JSON, what is not, and what is a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.http import HttpFault, HttpSettings, decode_json
from gateway.http.body import CONTAINERS_MAX
from gateway.http.request import GraphQLRequest, from_body, from_query_string
from tests.gateway.http.corner_shop import Counter, client, shop

JSON = {"content-type": "application/json"}
DEFAULT = HttpSettings()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"123", id="number"),
        pytest.param(b'"x"', id="string"),
        pytest.param(b"true", id="true"),
        pytest.param(b'{ "not a JSON', id="cut"),
        pytest.param(b'{"query":"{hello}"} x', id="trailing"),
        pytest.param(b'{"query":"\xff"}', id="invalid utf-8"),
        pytest.param(b'{"query":"\\ud800"}', id="lone surrogate"),
        pytest.param(b'{"query":"{hello}","variables":{"a":' + b"1" * 5000 + b"}}", id="5000 digits"),
        pytest.param(b'{"query":"{hello}","variables":{"a":1e999}}', id="out of range"),
        pytest.param(b'{"query":"{hello}","variables":{"a":NaN}}', id="NaN"),
        pytest.param(b'{"query":"{hello}","variables":{"a":-Infinity}}', id="Infinity"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="100000 deep"),
        pytest.param(b'{"query":"{hello}","variables":' + b'{"a":' * 40 + b"1" + b"}" * 41, id="40 deep"),
        pytest.param('{"query":"{hello}"}'.encode("utf-16"), id="utf-16"),
        pytest.param(b'\xef\xbb\xbf{"query":"{hello}"}', id="byte order mark"),
        pytest.param(b'\x1f\x8b\x08\x00{"query":"{hello}"}', id="gzip without saying so"),
        pytest.param(b'{"qeury":"{hello}"}', id="no query"),
        pytest.param(b'{"query":""}', id="empty query"),
        pytest.param(b'{"query":{"a":1}}', id="query is an object"),
        pytest.param(b'{"query":"{hello}","operationName":1}', id="operationName is a number"),
        pytest.param(b'{"query":"{hello}","variables":[7]}', id="variables is an array"),
        pytest.param(b'{"query":"{hello}","variables":"x"}', id="variables is a string"),
        pytest.param(b'{"query":"{hello}","extensions":false}', id="extensions is false"),
    ],
)
async def test_bad_bodies_get_400(body: bytes) -> None:
    """Whatever is not a well-formed request is told so, with a code, and never costs a 500."""
    async with client(shop(Counter())) as http:
        response = await http.post("/", content=body, headers=JSON)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] in {"BAD_JSON", "BAD_REQUEST"}
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json" + ";" * 30_000},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "application/json", "content-encoding": "identity, br"},
    ],
)
async def test_other_content_gets_415(headers: dict[str, str]) -> None:
    """Only UTF-8 JSON as it is: other types would let foreign sites post forms, codings hide how large a body is."""
    counter = Counter()
    async with client(shop(counter)) as http:
        response = await http.post("/", content=b'{"query":"mutation { sell }"}', headers=headers)
    assert (response.status_code, counter.sold) == (415, 0)
    assert response.json()["errors"][0]["extensions"]["code"].startswith("UNSUPPORTED_")


@pytest.mark.parametrize(
    "content_type", ["application/json", 'Application/JSON; charset="UTF-8"', "application/json;x=y"]
)
async def test_json_by_any_spelling(content_type: str) -> None:
    """Case, quotes and unknown parameters of the content type do not matter."""
    async with client(shop(Counter())) as http:
        response = await http.post("/", content=b'{"query":"{hello}"}', headers={"content-type": content_type})
    assert response.json() == {"data": {"hello": "hello"}}


async def test_two_framings_are_refused_here_too() -> None:
    """Where the server lets both Content-Length and Transfer-Encoding through, the endpoint does not."""
    framed = JSON | {"content-length": "19", "transfer-encoding": "chunked"}
    async with client(shop(Counter())) as http:
        response = await http.post("/", content=b'{"query":"{hello}"}', headers=framed)
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_FRAMING"


async def test_nulls_and_unknown_keys_are_ignored() -> None:
    """null means absent, and a key nobody knows is no error."""
    body = {"query": "{hello}", "operationName": None, "variables": None, "extensions": None, "id": 7}
    async with client(shop(Counter())) as http:
        response = await http.post("/", json=body)
    assert response.json() == {"data": {"hello": "hello"}}


async def test_batches_are_refused_by_default() -> None:
    """An array of operations gets a code of its own, and none of them runs."""
    counter = Counter()
    async with client(shop(counter)) as http:
        response = await http.post("/", json=[{"query": "mutation { sell }"}] * 2)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BATCHING_DISABLED")
    assert (counter.sold, counter.opened) == (0, 0)


async def test_batches_where_allowed_are_bounded() -> None:
    """With batches on, each gets its own answer in order under one context; a larger batch is refused whole."""
    counter = Counter()
    one = {"query": "{ hello }"}
    async with client(shop(counter, settings=HttpSettings(batch_max=2))) as http:
        both = await http.post("/", json=[one, {"query": "{ nope }"}])
        larger = await http.post("/", json=[one] * 3)
        empty = await http.post("/", json=[])
        mixed = await http.post("/", json=[one, 1])
    assert [list(answer) for answer in both.json()] == [["data"], ["errors"]]
    assert counter.opened == 1
    assert [response.status_code for response in (both, larger, empty, mixed)] == [200, 400, 400, 400]


async def test_persisted_query_without_document_asks_for_it() -> None:
    """Clients that try automatic persisted queries are told in their own words to send the document."""
    asked = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}
    async with client(shop(Counter())) as http:
        response = await http.post("/", json=asked)
    assert response.json()["errors"][0]["message"] == "PersistedQueryNotSupported"


def test_integers_beyond_64_bits_stay_exact() -> None:
    """A long id is not turned into a float on its way in."""
    assert decode_json(b"[123456789012345678901234567890]", 8) == [123456789012345678901234567890]


def test_depth_is_counted_exactly() -> None:
    """As many levels as allowed pass, one more does not, whatever stands beside them."""
    assert decode_json(b"[[1],[[2]]]", 3) == [[1], [[2]]]
    for deep in (b"[[1],[[[2]]]]", b"[[1],[[[]]]]", b'[{"a":{"a":{}}}]', b"[[[[[[[[1]]]]]]]]"):
        with pytest.raises(HttpFault, match="nested 3 levels"):
            decode_json(deep, 3)


def test_a_body_holds_so_many_arrays_and_objects() -> None:
    """Each of them takes time to make, and more to be found no garbage; who sends too many is told before any is."""
    most = b"[%b]" % b",".join([b"[]"] * (CONTAINERS_MAX - 1))
    assert len(cast("list[object]", decode_json(most, 2))) == CONTAINERS_MAX - 1
    with pytest.raises(HttpFault, match=f"{CONTAINERS_MAX} arrays and objects"):
        decode_json(b"[" + most + b", not even JSON", 32)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_requests = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("query", "operationName", "variables", "extensions"), _values)
)


@settings(max_examples=100)
@given(
    st.one_of(
        st.binary(max_size=60), _values.map(json.dumps).map(str.encode), _requests.map(json.dumps).map(str.encode)
    )
)
def test_any_body_is_a_request_or_a_400(body: bytes) -> None:
    """No body whatever makes reading it fail."""
    assert isinstance(refusal(from_body, body), GraphQLRequest | int)


@given(st.binary(max_size=60), st.text(max_size=10))
def test_any_query_string_is_a_request_or_a_400(raw: bytes, text: str) -> None:
    """No URL whatever makes reading it fail."""
    for query_string in (raw, b"query=" + raw, b"query=a&variables=" + raw, text.encode()):
        assert isinstance(refusal(from_query_string, query_string), GraphQLRequest | int)


def refusal(read: Callable[[bytes, HttpSettings], object], raw: bytes) -> object:
    """What was read, or the status it was refused with, which for reading is 400 alone."""
    try:
        return read(raw, DEFAULT)
    except HttpFault as refused:
        return refused.status if refused.status == 400 else None
