"""The Idempotency-Key header: what it may be, and what goes out with a replay."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Scope

from domains.upstream import Deadline
from gateway.engine import Engine
from gateway.http import Admitted, GraphQLEndpoint, HttpFault, HttpSettings, idempotency_key_of
from tests.gateway.http.corner_shop import Counter, client, schema, shop

KEYS = [
    ('"8e03978e-40d5"', "8e03978e-40d5"),
    ("8e03978e-40d5", "8e03978e-40d5"),
    ('"with \\"quotes\\" and \\\\"', 'with "quotes" and \\'),
    ('"k";a=1', "k"),
    (' "k" ', "k"),
    ("base64/+==", "base64/+=="),
    ("x" * 255, "x" * 255),
    ('"' + "x" * 255 + '"', "x" * 255),
]
NO_KEYS = ["", '""', '"open', 'open"', "two words", "a, b", '"a", "b"', '"a\\b"', '"ä"', "ä", "x" * 256, '"\t"']


@pytest.mark.parametrize(("sent", "key"), KEYS)
def test_a_key_is_a_string_bare_or_quoted(sent: str, key: str) -> None:
    """A structured string is taken without its quotes and escapes, and so is the bare key that most clients send."""
    assert idempotency_key_of([sent]) == key


def test_no_header_is_no_key() -> None:
    """A request need not have one."""
    assert idempotency_key_of([]) is None


@pytest.mark.parametrize("sent", [[one] for one in NO_KEYS] + [["a", "a"]])
def test_what_is_no_key_is_told(sent: list[str]) -> None:
    """A header that is broken, too long or sent twice is a 400, so that nobody relies on a key that is not there."""
    with pytest.raises(HttpFault) as refused:
        idempotency_key_of(sent)
    assert (refused.value.status, refused.value.code) == (400, "BAD_REQUEST")


async def test_a_batch_is_not_named_by_one_header() -> None:
    """One header cannot tell the operations of a batch apart, so nothing of it runs."""
    counter = Counter()
    async with client(shop(counter, settings=HttpSettings(batch_max=2))) as asked:
        sales = [{"query": "mutation { sell }"}] * 2
        refused = await asked.post("/", json=sales, headers={"Idempotency-Key": "k"})
        assert (refused.status_code, counter.sold) == (400, 0)
        assert (await asked.post("/", json=sales)).status_code == 200


@pytest.mark.parametrize("replayed", [True, False])
async def test_a_replay_is_marked(replayed: bool) -> None:
    """Whatever was done for an earlier request has the header that says so; nothing else has it."""

    @asynccontextmanager
    async def open_context(_: Scope, __: Deadline) -> AsyncIterator[Admitted]:
        yield Admitted(Counter(), replayed=lambda: replayed)

    endpoint = GraphQLEndpoint(Engine(schema()), open_context, HttpSettings(batch_max=1))
    async with client(endpoint) as asked:
        for body in ({"query": "mutation { sell }"}, [{"query": "mutation { sell }"}]):
            answer = await asked.post("/", json=body)
            assert answer.headers.get("idempotent-replayed") == ("true" if replayed else None)
