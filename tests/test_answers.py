"""Whole answers over real HTTP: given again without running anything, and no longer than what is in them is true."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from domains.sandbox import Sandbox
from tests.gateway.events.posting import SECRET
from tests.running import UNBOUNDED, Asked, Json, gateway_running, sandbox_running, until

PARTNER, CLERK = "acme", "clerk"
TOKENS = "".join(
    f'[[identity.tokens]]\nsha256 = "{hashlib.sha256(name.encode()).hexdigest()}"\nsubject = "{name}"\n{who}\n'
    for name, who in (
        (PARTNER, 'audience = "partner/marketplace"\nchannel = "WEB"'),
        (CLERK, 'audience = "associate"\nstore = "store-007"\nscopes = ["pii:read"]'),
    )
)
# Kept for so long that only an event can make an answer change.
STILL = f"""[projection]
calls_per_s = 1000
delta_every_s = 3600
[cache.freshness."products.by_sku"]
fresh_s = 3600
[cache.freshness."inventory.stock"]
fresh_s = 3600
[events.sources.oms]
system = "OMS"
secrets = ["{SECRET}"]
"""
PAGE = """query Page($skus: [String!]!) { products(skus: $skus) { sku name listPrice { amount }
  availability(locations: ["dc-001"]) { status reserved promiseToken } } }"""
AGED = """query Aged($sku: String!) { product(sku: $sku) { name freshness { ageSeconds tier }
  availability(locations: ["dc-002"]) { promiseToken } } }"""
ORDER = """query Mine($number: String!, $email: String!) {
  orderByNumber(orderNumber: $number, email: $email) { orderNumber status } }"""
HELD = """mutation Held($sku: String!) { inventoryReservationCreate(input: {idempotencyKey: "held",
  lines: [{sku: $sku, quantity: "1", locationId: "dc-003"}]}) { __typename } }"""


@pytest.fixture(scope="module")
def systems() -> Iterator[Sandbox]:
    with sandbox_running() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def served(systems: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("answers")
    (folder / "web.json").write_text(json.dumps({"page": PAGE, "aged": AGED, "order": ORDER, "held": HELD}))
    extra = f'{STILL}{TOKENS}[documents]\nmanifests = ["{folder / "web.json"}"]\n{UNBOUNDED}'
    with gateway_running(systems.urls, folder, extra, anonymous="") as running:
        yield running


@pytest.fixture
def asked(served: Asked) -> Asked:
    served.reset()
    return served


def get(
    asked: Asked, document: str, variables: Json, *, token: str | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    named = {"documentId": document, "variables": json.dumps(variables)}
    who = {} if token is None else {"Authorization": f"Bearer {token}"}
    return asked.http.get("/graphql", params=named, headers=who | (headers or {}))


def promise(answer: httpx.Response) -> str:
    """The promise in an answer. It says when it was made, so that no two runs make the same."""
    data = answer.json()["data"]
    product = data["product"] if "product" in data else data["products"][0]
    token: str = product["availability"][0]["promiseToken"]
    return token


def misbehave(systems: Sandbox, faults: Json) -> None:
    httpx.post(f"{systems.urls['OMS']}/_sandbox/faults", json=faults, trust_env=False).raise_for_status()


def promised_to(answer: httpx.Response) -> bytes:
    claims = promise(answer).partition(".")[0]
    return base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))


def test_who_asks_the_same_is_given_the_same(asked: Asked) -> None:
    """The second time no system is asked and nothing runs, whichever way the question comes and its variables stand."""
    first = get(asked, "page", {"skus": ["SKU-00001"]})
    assert first.headers["cache-control"].startswith("public, max-age=36")
    asked.reset()
    again = get(asked, "page", {"skus": ["SKU-00001"]})
    posted = asked.http.post("/graphql", json={"query": PAGE, "variables": {"skus": ["SKU-00001"]}})
    for other in (again, posted):
        assert other.json()["data"] == first.json()["data"]
        assert promise(other) == promise(first)
        assert other.headers["cache-control"] == first.headers["cache-control"]
    assert asked.calls() == {}
    assert again.json()["extensions"]["freshness"]["tier"] == "FRESH"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert promise(get(asked, "page", {"skus": ["SKU-00001", "SKU-00002"]})) != promise(first)


def test_a_text_of_ones_own_is_run(asked: Asked) -> None:
    """What is not trusted is not kept: anybody could make up a thousand of them."""
    query = PAGE.replace("Page", "Other")
    one, two = (
        asked.http.post("/graphql", json={"query": query, "variables": {"skus": ["SKU-00001"]}}) for _ in range(2)
    )
    assert promise(one) != promise(two)


def test_who_has_it_is_sent_nothing_but_its_age(asked: Asked) -> None:
    """304 for the tag of an answer that still stands: weak or strong, among others, or whichever it is."""
    first = get(asked, "page", {"skus": ["SKU-00004"]})
    tag = first.headers["etag"]
    for sent in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        same = get(asked, "page", {"skus": ["SKU-00004"]}, headers={"If-None-Match": sent})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        for name in ("cache-control", "vary"):
            assert same.headers[name] == first.headers[name]
        assert int(same.headers["age"]) >= int(first.headers["age"])
        assert "content-length" not in same.headers
    other = get(asked, "page", {"skus": ["SKU-00004"]}, headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.headers["etag"]) == (200, tag)


def test_it_grows_older(asked: Asked) -> None:
    """Age in the head and in the extensions goes on while the answer stands, and they say the same."""
    first = get(asked, "page", {"skus": ["SKU-00005"]})
    began = int(first.headers["age"])

    def later() -> httpx.Response | None:
        answer = get(asked, "page", {"skus": ["SKU-00005"]})
        return answer if int(answer.headers["age"]) >= began + 2 else None

    aged = until(later, "two seconds")
    assert promise(aged) == promise(first)
    assert aged.json()["extensions"]["freshness"]["ageSeconds"] == int(aged.headers["age"])


def test_an_answer_that_says_how_old_it_is_is_made_anew(asked: Asked) -> None:
    """With an age in its data it is given again within a second and not after, and the age has then grown."""
    first = get(asked, "aged", {"sku": "SKU-00006"})

    def anew() -> httpx.Response | None:
        answer = get(asked, "aged", {"sku": "SKU-00006"})
        age, told = (one.json()["data"]["product"]["freshness"]["ageSeconds"] for one in (answer, first))
        assert promise(answer) != promise(first) or age == told
        return answer if promise(answer) != promise(first) else None

    later = until(anew, "another run")
    assert later.json()["data"]["product"]["freshness"]["ageSeconds"] > 0


def test_what_is_somebodys_is_kept_for_nobody(asked: Asked) -> None:
    """A guest's order by its number and address is read each time, and no cache may keep it."""
    customer = asked.data(
        '{ customer(id: "cust-00001") { email orders(first: 1) { nodes { orderNumber } } } }', token=CLERK
    )["customer"]
    proof = {"number": customer["orders"]["nodes"][0]["orderNumber"], "email": customer["email"]}
    asked.reset()
    for _ in range(2):
        answer = get(asked, "order", proof)
        assert answer.json()["data"]["orderByNumber"]["orderNumber"] == proof["number"]
        assert answer.headers["cache-control"] == "no-store"
        assert not {"etag", "age"} & set(answer.headers)
    assert sum(asked.calls()["OMS"].values()) >= 2
    wrong = get(asked, "order", {**proof, "email": "somebody@else.example"})
    assert wrong.json()["data"]["orderByNumber"] is None


def test_who_says_who_they_are_is_answered_in_person(asked: Asked) -> None:
    """A partner is neither given what visitors are given, nor leaves them anything of its own."""
    mine = get(asked, "page", {"skus": ["SKU-00007"]}, token=PARTNER)
    theirs = get(asked, "page", {"skus": ["SKU-00007"]})
    again = get(asked, "page", {"skus": ["SKU-00007"]}, token=PARTNER)
    assert b"marketplace" in promised_to(mine)
    assert b"storefront" in promised_to(theirs)
    assert b"marketplace" in promised_to(again)
    assert mine.headers["cache-control"] == again.headers["cache-control"] == "private, no-store"
    assert not {"etag", "age"} & {*mine.headers, *again.headers}
    assert get(asked, "page", {"skus": ["SKU-00007"]}, token="nobody").status_code == 401


def test_a_mutation_runs_each_time(asked: Asked) -> None:
    """Trusted and without a token it is done, and replayed for its key as ever."""
    for replayed in (None, "true"):
        body = {"documentId": "held", "variables": {"sku": "SKU-00008"}}
        answer = asked.http.post("/graphql", json=body)
        assert answer.json()["data"]["inventoryReservationCreate"]["__typename"] == "InventoryReservation", answer.text
        assert (answer.headers.get("idempotent-replayed"), answer.headers["cache-control"]) == (replayed, "no-store")


def test_news_of_stock_is_in_the_next_answer(asked: Asked, systems: Sandbox) -> None:
    """What an event makes the cache forget, no kept answer says any more, though all of it was fresh for an hour."""
    told = {"url": f"{asked.http.base_url}/events/oms", "secret": SECRET}
    httpx.post(f"{systems.urls['OMS']}/_sandbox/webhook", json=told, trust_env=False).raise_for_status()
    page, other = {"skus": ["SKU-00009"]}, {"skus": ["SKU-00010"]}
    before, untouched = get(asked, "page", page), get(asked, "page", other)

    def reserved(answer: httpx.Response) -> float:
        return float(answer.json()["data"]["products"][0]["availability"][0]["reserved"])

    draft = {"kind": "SOFT", "lines": [{"sku": "SKU-00009", "locationId": "dc-001", "quantity": "1"}], "ttlS": 600}
    headers = {"Idempotency-Key": "somebody-elses"}
    httpx.post(
        f"{systems.urls['OMS']}/v1/reservations", json=draft, headers=headers, trust_env=False
    ).raise_for_status()

    def changed() -> httpx.Response | None:
        answer = get(asked, "page", page)
        return answer if reserved(answer) > reserved(before) else None

    after = until(changed, "the new count")
    assert after.headers["etag"] != before.headers["etag"]
    stale = get(asked, "page", page, headers={"If-None-Match": before.headers["etag"]})
    assert stale.status_code == 200
    assert promise(get(asked, "page", other)) == promise(untouched)


async def test_fifty_at_once_are_one_run(asked: Asked) -> None:
    """One call to the OMS, and fifty times the same data."""
    address, body = str(asked.http.base_url), {"documentId": "page", "variables": {"skus": ["SKU-00011", "SKU-00012"]}}
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as http:
        answers = await asyncio.gather(*(http.post("/graphql", json=body) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({promise(answer) for answer in answers}) == 1
    assert len({json.dumps(answer.json()["data"]) for answer in answers}) == 1
    assert asked.calls() == {"OMS": {"POST /v1/stock/lookup": 1}}


async def test_who_hangs_up_leaves_the_others_their_answer(asked: Asked, systems: Sandbox) -> None:
    """The first goes away while the OMS is slow; those who wait with it are answered by the call that was made."""
    misbehave(systems, {"latency_ms": 600, "endpoints": ["/v1/stock/lookup"]})
    address, body = str(asked.http.base_url), {"documentId": "page", "variables": {"skus": ["SKU-00013"]}}
    try:
        async with (
            httpx.AsyncClient(base_url=address, trust_env=False, timeout=0.2) as hasty,
            httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as http,
        ):
            first = asyncio.create_task(hasty.post("/graphql", json=body))
            await asyncio.to_thread(until, lambda: asked.calls().get("OMS"), "the first call")
            others = [asyncio.create_task(http.post("/graphql", json=body)) for _ in range(5)]
            with pytest.raises(httpx.ReadTimeout):
                await first
            answers = await asyncio.gather(*others)
    finally:
        misbehave(systems, {})
    assert {answer.status_code for answer in answers} == {200}
    assert len({promise(answer) for answer in answers}) == 1
    assert asked.calls() == {"OMS": {"POST /v1/stock/lookup": 1}}


def test_switched_off_everything_runs(systems: Sandbox, tmp_path: Path) -> None:
    """With `[answers] enabled = false`, and with the cache off, each answer is made for who asks."""
    (tmp_path / "web.json").write_text(json.dumps({"page": PAGE}))
    for off in ("[answers]\nenabled = false\n", "[cache]\nenabled = false\n"):
        extra = f'{off}[documents]\nmanifests = ["{tmp_path / "web.json"}"]\n'
        with gateway_running(systems.urls, tmp_path, extra, anonymous="") as plain:
            one, two = (get(plain, "page", {"skus": ["SKU-00001"]}) for _ in range(2))
        assert promise(one) != promise(two)
